//! Every output, a file each.
