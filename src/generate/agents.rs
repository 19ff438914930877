//! The User-Agents of the made-up devices: some thousand distinct texts, a few of them common and most rare.

use super::dice::Dice;
use crate::model::Platform;

/// One client software in one version on one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Agent {
    pub text: String,
    /// What it is, as this room decided; the platform rules must come to the same.
    pub platform: Platform,
}

/// All agents, and how often each is met.
#[derive(Debug)]
pub(super) struct Agents {
    list: Vec<Agent>,
    /// Numbers of `list`, each as often as its agent is common.
    lots: Vec<u16>,
}

/// Lots in the draw: the rarest agent of the largest family still has one.
const LOTS: u64 = 1 << 16;

/// A product on a platform: its share of all devices in thousandths, and how many distinct texts it has.
struct Family {
    share: u64,
    variants: usize,
    platform: Platform,
    text: fn(&mut Dice) -> String,
}

const FAMILIES: [Family; 17] = [
    Family {
        share: 200,
        variants: 600,
        platform: Platform::Ios,
        text: |dice| softphone("Acme Phone", &IOS, dice),
    },
    Family {
        share: 190,
        variants: 900,
        platform: Platform::Android,
        text: |dice| softphone("Acme Phone", &ANDROID, dice),
    },
    Family {
        share: 90,
        variants: 300,
        platform: Platform::Windows,
        text: |dice| softphone("Acme Phone", &WINDOWS, dice),
    },
    Family {
        share: 70,
        variants: 250,
        platform: Platform::Macos,
        text: |dice| softphone("Acme Phone", &MACOS, dice),
    },
    Family {
        share: 50,
        variants: 200,
        platform: Platform::Ios,
        text: |dice| softphone("Groundwire", &IOS, dice),
    },
    Family {
        share: 40,
        variants: 200,
        platform: Platform::Android,
        text: |dice| softphone("Groundwire", &ANDROID, dice),
    },
    Family {
        share: 40,
        variants: 120,
        platform: Platform::Ios,
        text: |dice| linphone("iOS", &IPHONES, dice),
    },
    Family {
        share: 50,
        variants: 300,
        platform: Platform::Android,
        text: |dice| linphone("Android", &ANDROIDS, dice),
    },
    Family {
        share: 40,
        variants: 40,
        platform: Platform::Windows,
        text: |dice| format!("MicroSIP/{}", version(3, 22, dice)),
    },
    Family {
        share: 15,
        variants: 20,
        platform: Platform::Macos,
        text: |dice| format!("Telephone 1.{}", dice.below(60)),
    },
    Family {
        share: 20,
        variants: 60,
        platform: Platform::Android,
        text: |dice| format!("Zoiper v{} (Android)", version(2, 20, dice)),
    },
    Family { share: 90, variants: 200, platform: Platform::Hardphone, text: yealink },
    Family { share: 40, variants: 80, platform: Platform::Hardphone, text: grandstream },
    Family { share: 20, variants: 60, platform: Platform::Hardphone, text: snom },
    Family {
        share: 15,
        variants: 40,
        platform: Platform::Linux,
        text: |dice| format!("baresip v{} (x86_64/linux)", version(3, 9, dice)),
    },
    Family { share: 20, variants: 90, platform: Platform::Unknown, text: unknown },
    Family { share: 10, variants: 1, platform: Platform::PushProxy, text: |_| "Acrobits SIPIS".to_owned() },
];

/// The name of a system and the versions and processors it runs on.
struct System {
    name: &'static str,
    versions: &'static [&'static str],
    processor: &'static str,
}

const IOS: System = System {
    name: "iOS",
    versions: &["18.5", "18.4.1", "17.6.1", "17.5", "16.7.8", "26.0", "15.8.2"],
    processor: "arm64",
};
const ANDROID: System =
    System { name: "Android", versions: &["14", "15", "13", "12", "16", "11", "10"], processor: "arm64" };
const WINDOWS: System = System {
    name: "Windows",
    versions: &["10.0.26100", "10.0.22631", "10.0.19045", "10.0.22621"],
    processor: "x86_64",
};
const MACOS: System =
    System { name: "macOS", versions: &["15.5", "15.4.1", "14.7", "13.6.9", "12.7.6"], processor: "arm64" };

const IPHONES: [&str; 6] =
    ["iPhone 15", "iPhone 14 Pro", "iPhone 13", "iPhone SE", "iPad Air", "Jana's iPhone"];
const ANDROIDS: [&str; 8] = [
    "Pixel 8",
    "Galaxy S24",
    "Galaxy A54",
    "Redmi Note 13",
    "moto g84",
    "XQ-DQ54",
    "Nokia G42",
    "OnePlus 12",
];

impl Agents {
    /// The agents of a seed. Which versions are the common ones differs from seed to seed.
    pub(super) fn new(seed: u64) -> Self {
        let mut list: Vec<Agent> = Vec::new();
        let mut lots = Vec::with_capacity(LOTS as usize);
        let mut dice = Dice::new(seed);
        let shares: u64 = FAMILIES.iter().map(|family| family.share).sum();
        let mut shares_so_far = 0;
        for family in &FAMILIES {
            let first = list.len();
            // A family may have fewer texts than it asks for; then it has those.
            for _ in 0..family.variants * 8 {
                let text = (family.text)(&mut dice);
                if list[first..].iter().all(|known| known.text != text) {
                    list.push(Agent { text, platform: family.platform });
                }
                if list.len() - first == family.variants {
                    break;
                }
            }
            let (from, until) =
                (LOTS * shares_so_far / shares, LOTS * (shares_so_far + family.share) / shares);
            shares_so_far += family.share;
            deal(&mut lots, first..list.len(), until - from);
        }
        Self { list, lots }
    }

    /// The agent of a device, by a number drawn for it.
    pub(super) fn of(&self, draw: u64) -> &Agent {
        &self.list[usize::from(self.lots[(draw % LOTS) as usize])]
    }
}

/// Deals lots to the agents of a family as Zipf has it: the n-th gets an n-th of what the first gets.
fn deal(lots: &mut Vec<u16>, family: std::ops::Range<usize>, count: u64) {
    const ONE: u64 = 1 << 32;
    let whole: u64 = (1..=family.len() as u64).map(|rank| ONE / rank).sum();
    let mut weight = 0;
    let mut dealt = 0;
    for (rank, number) in family.enumerate() {
        weight += ONE / (rank as u64 + 1);
        let until = (u128::from(count) * u128::from(weight) / u128::from(whole)) as u64;
        lots.extend((dealt..until).map(|_| number as u16));
        dealt = until;
    }
}

/// Acrobits' shape, which many brands share.
fn softphone(brand: &str, system: &System, dice: &mut Dice) -> String {
    format!(
        "{brand}/{} (build {}; {} {}; {})",
        version(7, 12, dice),
        1_700 + dice.below(500) * 13,
        system.name,
        pick(system.versions, dice),
        system.processor
    )
}

fn linphone(system: &str, devices: &[&str], dice: &mut Dice) -> String {
    format!(
        "Linphone{system}/5.{}.{} ({}) LinphoneSDK/5.{}.{}",
        dice.below(4),
        dice.below(8),
        pick(devices, dice),
        dice.below(4),
        dice.below(90)
    )
}

fn yealink(dice: &mut Dice) -> String {
    let model = pick(&["T46S 66", "T48U 108", "T54W 96", "T33G 124", "T42S 66"], dice);
    format!("Yealink SIP-{model}.{}.0.{}", 84 + dice.below(4), 5 * dice.below(30))
}

fn grandstream(dice: &mut Dice) -> String {
    let model = pick(&["GXP2170", "GXP1625", "GRP2614", "GXV3370"], dice);
    format!("Grandstream {model} 1.0.{}.{}", 5 + dice.below(9), dice.below(80))
}

fn snom(dice: &mut Dice) -> String {
    format!(
        "snom{}/10.1.{}.{}",
        pick(&["D785", "D735", "D717", "D385"], dice),
        100 + dice.below(80),
        10 + dice.below(6)
    )
}

/// A desk phone that no shipped rule knows, and that names no system.
fn unknown(dice: &mut Dice) -> String {
    format!("Telefonia {}/{}", pick(&["TX20", "TX40", "DeskLine 7"], dice), version(2, 20, dice))
}

fn version(major: u64, minor: u64, dice: &mut Dice) -> String {
    format!("{}.{}.{}", 1 + dice.below(major), dice.below(minor), dice.below(20))
}

fn pick<'a>(list: &[&'a str], dice: &mut Dice) -> &'a str {
    list[dice.below(list.len() as u64) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Classifier;
    use std::collections::HashSet;

    #[test]
    fn the_platform_rules_agree_about_every_agent() {
        let rules = Classifier::shipped();
        for agent in Agents::new(1).list {
            assert_eq!(rules.classify_text(agent.text.as_bytes()).platform, agent.platform, "{}", agent.text);
        }
    }

    #[test]
    fn there_are_thousands_of_texts_and_no_two_are_equal() {
        let agents = Agents::new(2);
        let texts: HashSet<&str> = agents.list.iter().map(|agent| agent.text.as_str()).collect();
        assert_eq!(texts.len(), agents.list.len());
        assert!(texts.len() > 3000, "{}", texts.len());
        assert_eq!(agents.lots.len() as u64, LOTS);
    }

    #[test]
    fn the_commonest_of_a_family_is_met_far_more_often_than_the_rarest() {
        let agents = Agents::new(3);
        let count = |number: u16| agents.lots.iter().filter(|lot| **lot == number).count();
        assert!(count(0) > 100 * count(599).max(1), "{} and {}", count(0), count(599));
    }
}
