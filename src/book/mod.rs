//! The price book: TOML, read once, into one small policy per room; all problems at once.
