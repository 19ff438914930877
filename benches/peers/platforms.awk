# Distinct users per platform in one pass, as an operator would write it: `total` and each platform, a line each.
/ REG-OK / {
    at = index($0, " ua=")
    agent = substr($0, at + 4)
    at = index($0, " aor=") + 5
    rest = substr($0, at, 256)
    aor = substr(rest, 1, index(rest, " ") - 1)
    if (agent in known) platform = known[agent]
    else {
        if (agent ~ /SIPIS/) platform = "push-proxy"
        else if (agent ~ /Android/) platform = "android"
        else if (agent ~ /iOS/) platform = "ios"
        else if (agent ~ /Windows|MicroSIP/) platform = "windows"
        else if (agent ~ /macOS|^Telephone /) platform = "macos"
        else if (agent ~ /linux/) platform = "linux"
        else if (agent ~ /^(Yealink|Grandstream|snom)/) platform = "hardphone"
        else platform = "unknown"
        known[agent] = platform
    }
    if (!(aor in users)) { users[aor]; total++ }
    if (!((platform, aor) in pairs)) { pairs[platform, aor]; count[platform]++ }
}
END {
    print "users", total + 0
    for (platform in count) print platform, count[platform]
}
