use std::process::ExitCode;

fn main() -> ExitCode {
    siptally::cli::main()
}
