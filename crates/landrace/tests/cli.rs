//! Golden cases of the command line: each folder `testdata/cli/<command>/<case>/` is a test.
//!
//! A case holds `args` (one argument a line; `{testdata}` is the repository's folder of that name), its input
//! files, and what is expected: `stdout`, `stderr`, `exit_code` (0 if absent) and `outputs/` with every file the
//! command makes. It runs in a temporary copy, with one thread and with two: both must give the same bytes.
//! `BLESS=1` rewrites what is expected.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may read anything and fail anywhere"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};

/// What is not an input of the case.
const EXPECTED: [&str; 4] = ["stdout", "stderr", "exit_code", "outputs"];

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let root = testdata().join("cli");
    let trials = folders(&root)
        .into_iter()
        .flat_map(|command| folders(&command))
        .map(|case| {
            let name = case.strip_prefix(&root).unwrap_or(&case).to_string_lossy().replace('/', "::");
            Trial::test(name, move || run_case(&case).map_err(Failed::from))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").canonicalize().unwrap()
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(parent)
        .map(|entries| entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
        .unwrap_or_default();
    found.sort();
    found
}

/// What a run gave: the streams, the code, and the files that were not there before.
#[derive(PartialEq)]
struct Outcome {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    exit_code: i32,
    outputs: BTreeMap<PathBuf, Vec<u8>>,
}

fn run_case(case: &Path) -> Result<(), String> {
    let one = run(case, 1);
    let two = run(case, 2);
    if let Some(difference) = difference(&one, &two) {
        return Err(format!("1 and 2 threads differ: {difference}"));
    }
    if std::env::var_os("BLESS").is_some() {
        bless(case, &one);
        return Ok(());
    }
    difference(&expected(case), &one).map_or(Ok(()), Err)
}

fn run(case: &Path, threads: usize) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    copy(case, folder.path(), &EXPECTED);
    let before = files(folder.path());
    let text =
        fs::read_to_string(case.join("args")).unwrap_or_else(|error| panic!("{}: {error}", case.display()));
    let testdata = testdata();
    let args = text.lines().map(|line| line.replace("{testdata}", &testdata.to_string_lossy()));
    let output = Command::new(env!("CARGO_BIN_EXE_landrace"))
        .args(args)
        .args(["--threads", &threads.to_string()])
        .current_dir(folder.path())
        .env_remove("SLURM_CPUS_PER_TASK")
        .output()
        .unwrap();
    let outputs = files(folder.path()).into_iter().filter(|(path, _)| !before.contains_key(path)).collect();
    let shown = |bytes: Vec<u8>| {
        String::from_utf8_lossy(&bytes).replace(&*testdata.to_string_lossy(), "{testdata}").into_bytes()
    };
    Outcome {
        stdout: shown(output.stdout),
        stderr: shown(output.stderr),
        exit_code: output.status.code().unwrap_or(-1),
        outputs,
    }
}

fn copy(from: &Path, to: &Path, but: &[&str]) {
    for entry in fs::read_dir(from).unwrap().flatten() {
        let name = entry.file_name();
        if but.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let (source, target) = (entry.path(), to.join(&name));
        if source.is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&source, &target, &[]);
        } else {
            fs::copy(&source, &target).unwrap();
        }
    }
}

fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap_or(&path).to_owned();
                found.insert(name, fs::read(&path).unwrap_or_default());
            }
        }
    }
    found
}

fn expected(case: &Path) -> Outcome {
    let bytes = |name: &str| fs::read(case.join(name)).unwrap_or_default();
    let code = String::from_utf8_lossy(&bytes("exit_code")).trim().parse().unwrap_or(0);
    let outputs = files(&case.join("outputs"));
    Outcome { stdout: bytes("stdout"), stderr: bytes("stderr"), exit_code: code, outputs }
}

fn bless(case: &Path, outcome: &Outcome) {
    for name in EXPECTED {
        let path = case.join(name);
        let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }
    let put = |name: &Path, bytes: &[u8]| {
        let path = case.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    for (name, bytes) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
        if !bytes.is_empty() {
            put(Path::new(name), bytes);
        }
    }
    if outcome.exit_code != 0 {
        put(Path::new("exit_code"), format!("{}\n", outcome.exit_code).as_bytes());
    }
    for (name, bytes) in &outcome.outputs {
        put(&Path::new("outputs").join(name), bytes);
    }
}

fn difference(expected: &Outcome, found: &Outcome) -> Option<String> {
    for (name, a, b) in
        [("stderr", &expected.stderr, &found.stderr), ("stdout", &expected.stdout, &found.stdout)]
    {
        if a != b {
            return Some(format!("{name}: {}", first_difference(a, b)));
        }
    }
    if expected.exit_code != found.exit_code {
        return Some(format!("exit code {} instead of {}", found.exit_code, expected.exit_code));
    }
    let names = expected.outputs.keys().chain(found.outputs.keys());
    names.into_iter().find_map(|name| match (expected.outputs.get(name), found.outputs.get(name)) {
        (Some(a), Some(b)) if a == b => None,
        (Some(a), Some(b)) => Some(format!("{}: {}", name.display(), first_difference(a, b))),
        (Some(_), None) => Some(format!("{} was not made", name.display())),
        _ => Some(format!("{} was made and not expected", name.display())),
    })
}

fn first_difference(expected: &[u8], found: &[u8]) -> String {
    let (expected, found) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(found));
    let (mut a, mut b) = (expected.lines(), found.lines());
    for line in 1.. {
        match (a.next(), b.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => {
                let shown =
                    |text: Option<&str>| text.map_or("nothing".to_owned(), |text| format!("{text:?}"));
                return format!("line {line}:\n  expected {}\n  found    {}", shown(a), shown(b));
            }
        }
    }
    "line ends differ".to_owned()
}
