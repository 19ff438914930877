//! One file per verb: flags, progress, exit codes. The only room that knows the terminal.
