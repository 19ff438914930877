use std::process::ExitCode;

// Sets of millions of users are grown and joined on every core; with the system's allocator a
// tenth of a run went into giving pages back and asking for them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    siptally::cli::main()
}
