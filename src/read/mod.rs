//! The inputs: discover, open, decode, cut into blocks; side files.
