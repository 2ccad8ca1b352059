//! The end of a test run: a list of what was skipped because something is not installed.

use std::process::ExitCode;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "what the program is for")]
fn main() -> ExitCode {
    match untested::take_summary() {
        Ok(summary) if summary.is_empty() => println!("\nno test was skipped for want of a program\n"),
        Ok(summary) => println!("\nskipped, because it is not available here:\n{summary}"),
        Err(error) => {
            eprintln!("what was skipped cannot be read: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
