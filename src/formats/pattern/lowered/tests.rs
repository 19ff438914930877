use super::*;
use proptest::prelude::*;
use regex::bytes::RegexBuilder;

const OWN: &str =
    r#"REGISTER accepted aor=(?P<aor>\S+) src=(?P<ip>[0-9.]+):\d+ ct=(?P<contact>\S+) ua="(?P<ua>.*)"$"#;

#[test]
fn what_is_not_of_the_form_is_left_to_the_general_engine() {
    for regex in ["a|b", r"a(?P<aor>.*) b", "a?b", "(a+)+", r"x(?P<aor>\S+?)", r"\ba", "a{2,5}"] {
        assert!(Lowered::of(regex, [].into_iter()).is_none(), "{regex}");
    }
    for regex in [
        OWN,
        "REG (?P<aor>[^ ]+)",
        r"^REG (?P<aor>\S+?) x",
        r"a+b+c",
        r"(?P<ua>.*)$",
        "(?i)reg (?P<aor>[a-z]+)",
    ] {
        assert!(Lowered::of(regex, [].into_iter()).is_some(), "{regex}");
    }
}

proptest! {
    #[test]
    fn a_run_is_as_long_as_byte_by_byte(
        number in 0_usize..7,
        text in prop::collection::vec(prop_oneof![60 => Just(b'x'), 1 => 0_u8..=0x22, 1 => 0x7F_u8..=0xA1], 0..130),
    ) {
        const CLASSES: [&str; 7] =
            [r"\S", ".", "[^ ]", "[x0-9]", r"[^\x00-\x1F]", r"[!x\xA0]", r"[\x00-\x07\x09\x0B-\xFF]"];
        let hir = ParserBuilder::new().unicode(false).utf8(false).build().parse(CLASSES[number]).unwrap();
        let HirKind::Class(class) = hir.kind() else { panic!("{hir:?} is no class") };
        let set = set_of(class).unwrap();
        let expected = text.iter().take_while(|byte| set.has(**byte)).count();
        prop_assert_eq!(set.run_len(&text), expected, "{:?} on {:?}", set.ends, text);
        prop_assert_eq!(set.is_all(&text), expected == text.len());
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") {
            #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
            // SAFETY: the processor has AVX2 and BMI1.
            let (len, is_all) = unsafe { (set.run_len_by_avx2(&text), set.is_all_by_avx2(&text)) };
            prop_assert_eq!((len, is_all), (expected, expected == text.len()), "{:?} on {:?}", set.ends, text);
        }
        #[cfg(target_arch = "x86_64")]
        if wide::is_there() {
            let behind = [b"ua=\"", &text[..]].concat();
            let literal = Literal::new((*b"ua=\"").into());
            #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
            // SAFETY: the processor has the widest registers.
            let (len, none, is_all) = unsafe {
                let len = set.run_behind_by_avx512(&literal, &behind, None);
                // What is likely and wrong changes nothing.
                let likely = (0..70).chain([expected]).map(|likely| set.run_behind_by_avx512(&literal, &behind, Some(likely)));
                prop_assert!(likely.into_iter().all(|other| other == len));
                (len, set.run_behind_by_avx512(&literal, &behind[1..], Some(expected)), set.is_all_by_avx512(&text))
            };
            prop_assert_eq!((len, none), (Some(expected), None), "{:?} on {:?}", set.ends, text);
            for len in [0, 62, 63, 64, 65] {
                let front = vec![b'='; len];
                let literal = Literal::new(front.clone().into());
                let all = [&front[..], &text].concat();
                #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
                // SAFETY: as before.
                let run = unsafe { set.run_behind_by_avx512(&literal, &all, Some(expected)) };
                prop_assert_eq!(run, Some(expected), "{} {:?} on {:?}", len, set.ends, text);
            }
            prop_assert_eq!(is_all, expected == text.len(), "{:?} on {:?}", set.ends, text);
        }
    }

    #[test]
    fn it_matches_what_the_general_engine_matches(
        number in 0_usize..13,
        words in prop::collection::vec(0_usize..16, 0..24),
        is_framed in prop_oneof![4 => Just((true, true)), 1 => any::<(bool, bool)>()],
    ) {
        // Each with how a text begins and ends that may match it.
        const REGEXES: [(&str, &str, &str); 13] = [
            (OWN, "REGISTER accepted aor=a@b src=1.2:5060 ct=<sip:a> ua=\"", "\""),
            ("REG (?P<aor>[^ ]+)", "REG ", ""),
            (r"^REG (?P<aor>\S+?) x", "REG a@b", " x"),
            (r"a+b+(c)", "ab", "c"),
            (r"REG (?P<ua>.*)$", "REG ", ""),
            ("(?i)reg (?P<aor>[a-z]+)", "REG ", ""),
            (r#"REG (?P<ua>.*)"$"#, "REG ", "\""),
            (r"REG (?P<a>(\d+)\.\d+) (?P<b>x*)$", "REG 1.2 ", "x"),
            (r"[A-Z]+ (?P<aor>[a-z]+)\d+", "REG abc", "7"),
            // Groups that end behind the literal, or behind the end.
            (r#"REG (?P<all>a(?P<ua>.*) ua=")$"#, "REG abc", " ua=\""),
            (r"REG (?P<aor>\S+@b$)", "REG ", "a@b"),
            (r"REG (?P<aor>\S*)(?P<domain>@b$)", "REG a", "@b"),
            (r#"REG (?P<digits>[0-9.]*)"$"#, "REG 1.21.21.21.21.21.21.21.21.21.21.21.2", "7\""),
        ];
        const WORDS: [&str; 16] = [
            "REGISTER accepted aor=", "a@b", " src=", "1.2", ":5060", " ct=", "<sip:a>", " ua=\"", "x", "\"", " ", "REG ", "abc",
            "\n", "7", "é",
        ];
        let (regex, front, back) = REGEXES[number];
        let words: String = words.into_iter().map(|word| WORDS[word]).collect();
        let text = [if is_framed.0 { front } else { "" }, &words, if is_framed.1 { back } else { "" }].concat();
        let general = RegexBuilder::new(&format!(r"\A(?:{regex})")).unicode(false).build().unwrap();
        let lowered = Lowered::of(regex, 1..general.captures_len());
        if let Some(lowered) = lowered {
            let mut places = Places::new();
            let is_match = lowered.read(text.as_bytes(), &mut places);
            let expected = general.captures(text.as_bytes());
            prop_assert_eq!(is_match, expected.is_some(), "{} on {:?}", regex, &text);
            if let Some(expected) = expected {
                let spans = expected.iter().skip(1).map(|span| span.unwrap().range());
                prop_assert!(lowered.groups(&places).eq(spans), "{} on {:?}", regex, &text);
            }
        }
    }
}
