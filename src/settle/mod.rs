//! All that depends on order: request and reply halves, bindings, User-Agent ties, duplicates.
