//! Running other programs from the root of the checkout.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::report::Outcome;

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    // Set by `cargo run`; the compiled-in path serves a binary that is started by hand.
    let own = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().map_or_else(|| own.clone(), PathBuf::from)
}

/// Cargo with `arguments`, at the root.
pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    command
}

/// Runs a command to its end; its output goes to the terminal.
pub(crate) fn run(command: &mut Command) -> Outcome {
    println!("  $ {}", shown(command));
    match command.status() {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) => Outcome::Failed(status.to_string()),
        Err(error) => Outcome::Failed(format!("could not start: {error}")),
    }
}

/// Whether a cargo subcommand is installed.
pub(crate) fn has_subcommand(name: &str) -> bool {
    let mut command = cargo([name, "--version"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// What a command prints on its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("could not start: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A program as the last build in the `dev` profile left it; `name` may be `examples/<name>`.
pub(crate) fn built(name: &str) -> Result<PathBuf, String> {
    let metadata = output(&mut cargo(["metadata", "--no-deps", "--format-version", "1"]))?;
    let target = target_in(&metadata).ok_or("cargo metadata names no target folder")?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program = PathBuf::from(target).join("debug").join(file);
    if program.is_file() { Ok(program) } else { Err(format!("no {}", program.display())) }
}

/// The folder of build output that `cargo metadata` names.
fn target_in(metadata: &str) -> Option<String> {
    let (_, rest) = metadata.split_once("\"target_directory\":\"")?;
    let (folder, _) = rest.split_once('"')?;
    Some(folder.replace("\\\\", "\\"))
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let mut words = vec![program.to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|it| it.to_string_lossy().into_owned()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::target_in;

    #[test]
    fn the_folder_of_build_output_is_read_from_metadata() {
        let found = |text| target_in(text).expect("it is there");
        assert_eq!(found(r#"{"a":1,"target_directory":"/a b/target","version":1}"#), "/a b/target");
        assert_eq!(found(r#"{"target_directory":"C:\\a\\target"}"#), r"C:\a\target");
        assert_eq!(target_in("{}"), None);
    }
}
