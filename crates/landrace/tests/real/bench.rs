//! The work bench of a test: its folder, the data, our binary and other tools.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use libtest_mimic::{Failed, Trial};

/// A temporary folder with the programs and data a test needs.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
}

/// Makes a test that needs a data set (empty for none) and other programs; `R:name` is a package of R.
pub(crate) fn trial(name: &str, data: &'static str, tools: &[&str], test: fn(&Bench)) -> Trial {
    let missing = missing(data, tools);
    let must_run = std::env::var_os("LANDRACE_REQUIRE_ALL").is_some();
    let is_ignored = missing.is_some() && !must_run;
    Trial::test(name, move || {
        if let Some(missing) = missing {
            return Err(Failed::from(format!("{missing} is missing")));
        }
        let bench = Bench { folder: tempfile::tempdir().unwrap() };
        test(&bench);
        Ok(())
    })
    .with_ignored_flag(is_ignored)
}

fn missing(data: &str, tools: &[&str]) -> Option<String> {
    if !data.is_empty() && !shared().join("data").join(data).is_dir() {
        return Some(format!("shared/data/{data}"));
    }
    let quiet = |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_missing = |tool: &&&str| match tool.strip_prefix("R:") {
        Some(package) => {
            let load = format!("library({package})");
            !quiet(Command::new("Rscript").args(["-e", &load])).is_ok_and(|status| status.success())
        }
        None => quiet(&mut Command::new(tool)).is_err(),
    };
    tools.iter().find(is_missing).map(|tool| match tool.strip_prefix("R:") {
        Some(package) => format!("the package {package} of R"),
        None => format!("the program {tool}"),
    })
}

fn shared() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    std::env::var_os("LANDRACE_SHARED").map_or_else(beside, PathBuf::from)
}

impl Bench {
    /// A file of a data set.
    pub(crate) fn data(&self, path: &str) -> String {
        shared().join("data").join(path).to_string_lossy().into_owned()
    }

    /// A path in the test's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `landrace` with arguments split at spaces; it must succeed. Gives standard output.
    pub(crate) fn landrace(&self, args: &str) -> String {
        self.run(env!("CARGO_BIN_EXE_landrace"), args)
    }

    /// Runs `landrace` with arguments split at spaces; it must succeed. Gives standard error.
    pub(crate) fn landrace_says(&self, args: &str) -> String {
        let output = self.command(env!("CARGO_BIN_EXE_landrace"), args).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "landrace {args}: {stderr}");
        stderr
    }

    /// Runs `landrace`, which must fail without leaving anything. Gives standard error.
    pub(crate) fn landrace_fails(&self, args: &str) -> String {
        let before = self.listing();
        let output = self.command(env!("CARGO_BIN_EXE_landrace"), args).output().unwrap();
        assert!(!output.status.success(), "landrace {args} succeeded");
        assert_eq!(before, self.listing(), "landrace {args} left something behind");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Runs another program; it must succeed. Gives standard output.
    pub(crate) fn run(&self, program: &str, args: &str) -> String {
        let output = self.command(program, args).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {args}: {stderr}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Names of the files in the test's folder.
    pub(crate) fn listing(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn command(&self, program: &str, args: &str) -> Command {
        let mut command = Command::new(program);
        command.args(args.split_whitespace()).current_dir(self.folder.path());
        command
    }
}

/// Rows of a table of markers: by marker, cells by column.
pub(crate) type Rows = HashMap<String, HashMap<String, String>>;

/// Reads a table that was written in the test's folder.
pub(crate) fn table(bench: &Bench, name: &str) -> Rows {
    let text = std::fs::read_to_string(bench.path(name)).unwrap();
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let marker = header.iter().position(|own| own == "rs" || own == "marker").unwrap();
    lines.map(|cells| (cells[marker].clone(), header.iter().cloned().zip(cells).collect())).collect()
}

/// A cell as a number.
pub(crate) fn number(row: &HashMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap()
}
