//! One task: a step and a slot. It reads the plan, writes beside, syncs, renames, and leaves a record.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use landrace_genome::file::{self, FileError};

use crate::folder::{DESK, RunFolder, write_text};
use crate::interrupt::{self, Watched};
use crate::key::{Key, KeyError, Keys};
use crate::plan::words::render;
use crate::plan::{ACCOUNT, Plan, PlannedInput, PlannedMake, PlannedStep, Slot};
use crate::record::{Cause, Failure, MadeFile, Record, sync_folder};
use crate::workflow::{Binding, Needs};

/// What a task could not do.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A task that it takes from has not been done.
    #[error("{0}; run the workflow, which does the tasks in order")]
    Early(String),
    /// The plan has no such task.
    #[error("there is no {0}")]
    Unknown(String),
    /// The program did not start.
    #[error("cannot start '{program}': {error}; is it installed and on the PATH?")]
    Start {
        /// The program.
        program: String,
        /// What the system says.
        error: io::Error,
    },
    /// The program failed.
    #[error("'{program}' {how}")]
    Failed {
        /// The program.
        program: String,
        /// Exit code or signal.
        how: String,
        /// Whether it was killed.
        cause: Cause,
    },
    /// The program took too long.
    #[error("'{program}' took longer than the {seconds} s that the step allows; raise its 'time'")]
    TooLong {
        /// The program.
        program: String,
        /// The limit.
        seconds: u64,
    },
    /// The program did not make an output.
    #[error("'{program}' ended well but did not write {file}; check the step's arguments and 'out'")]
    NoOutput {
        /// The program.
        program: String,
        /// The file.
        file: String,
    },
    /// The run was ended by a signal.
    #[error("interrupted")]
    Interrupted,
}

/// A task and what it is done with.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// The run.
    pub folder: &'a RunFolder,
    /// Its plan.
    pub plan: &'a Plan,
    /// The step.
    pub step: &'a PlannedStep,
    /// The slot.
    pub slot: &'a Slot,
}

impl TaskError {
    fn cause(&self) -> Cause {
        match self {
            Self::Failed { cause, .. } => *cause,
            Self::TooLong { .. } => Cause::Time,
            _ => Cause::Other,
        }
    }
}

impl From<KeyError> for TaskError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::File(error) => Self::File(error),
            missing @ KeyError::Missing { .. } => Self::Early(missing.to_string()),
        }
    }
}

impl<'a> Task<'a> {
    /// Finds a step by its name.
    ///
    /// # Errors
    /// Returns an error that names the nearest step.
    pub fn find_step(folder: &RunFolder, plan: &'a Plan, step: &str) -> Result<&'a PlannedStep, TaskError> {
        let found = plan.step(step).map(|(_, found)| found);
        found.ok_or_else(|| {
            let near = landrace_genome::nearest::hint(step, plan.steps.iter().map(|step| step.id.as_str()));
            TaskError::Unknown(format!("step '{step}' in {}{near}", folder.path().display()))
        })
    }

    /// Finds a task by the names of its step and slot.
    ///
    /// # Errors
    /// Returns an error if the plan has no such step or slot.
    pub fn find(
        folder: &'a RunFolder,
        plan: &'a Plan,
        step: &str,
        slot: &str,
    ) -> Result<(&'a PlannedStep, Slot), TaskError> {
        let found = Self::find_step(folder, plan, step)?;
        let name = slot;
        let slot = plan.find_slot(found, slot);
        slot.map(|slot| (found, slot))
            .ok_or_else(|| TaskError::Unknown(format!("slot '{name}' of step '{step}'")))
    }

    /// Does the task: runs the program in a folder of its own, moves what it made into place and leaves the
    /// record. `note` is told the command. A failure leaves a note of it, and earlier outputs as they were.
    ///
    /// # Errors
    /// Returns an error that names the program or the file.
    pub fn run(self, needs: Needs, attempt: u32, note: &dyn Fn(&str)) -> Result<Record, TaskError> {
        interrupt::watch();
        let folder = self.folder.slot(self.plan, self.step, self.slot);
        file::create_directory(&folder)?;
        let done = self.attempt(&folder, needs, attempt, note);
        if let Err(error) = &done
            && !matches!(error, TaskError::Interrupted)
        {
            let failure = Failure { message: error.to_string(), attempt, cause: error.cause() };
            failure.write(&folder)?;
        }
        done
    }

    fn attempt(
        self,
        folder: &Path,
        needs: Needs,
        attempt: u32,
        note: &dyn Fn(&str),
    ) -> Result<Record, TaskError> {
        let start = Instant::now();
        let keys = Keys::new(self.plan, self.folder)?;
        let key = keys.of(self.step, self.slot)?;
        let desk = tempfile::Builder::new()
            .prefix(DESK)
            .tempdir_in(folder)
            .map_err(|error| FileError::new(folder, &error))?;
        let words = self.words(desk.path(), needs, &keys)?;
        note(&format!("$ {}", shown(&words)));
        for (link, target) in links(desk.path()) {
            note(&format!("# {link} is {target}"));
        }
        self.execute(&words, desk.path(), needs.seconds)?;
        let made = self.made(desk.path(), &words[0])?;
        self.publish(folder, desk.path(), made, &key, (attempt, start))
    }

    /// The words of the command, with what they need laid on the desk.
    fn words(&self, desk: &Path, needs: Needs, keys: &Keys<'_>) -> Result<Vec<String>, TaskError> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, take) in &self.step.inputs {
            let mut paths = Vec::new();
            for from in &take.from {
                let found = self.paths(name, from, desk, keys)?;
                let account = |path: String| match take.is_summary && !path.ends_with(ACCOUNT) {
                    true => path + ACCOUNT,
                    false => path,
                };
                paths.extend(found.into_iter().map(account));
            }
            if self.step.inputs.len() == 1 {
                values.insert("in".to_owned(), paths.clone());
            }
            values.insert(format!("in.{name}"), paths);
        }
        self.lay_outputs(desk, &mut values)?;
        if let Some(spans) = self.plan.spans(self.step, self.slot) {
            let name = format!("{}.bed", self.plan.slot_name(self.step, self.slot));
            let lines = spans.iter().map(|span| format!("{}\t{}\t{}\n", span.contig, span.start, span.end));
            write_text(&desk.join(&name), &lines.collect::<String>())?;
            values.insert("regions".to_owned(), vec![name]);
        }
        for (axis, &index) in self.step.per.iter().zip(&self.slot.at) {
            values.insert(axis.clone(), vec![self.plan.axes[axis][index].label.clone()]);
        }
        values.insert("cpus".to_owned(), vec![needs.cpus.to_string()]);
        values.insert("memory".to_owned(), vec![format!("{}M", (needs.memory >> 20).max(1))]);
        values.insert("landrace".to_owned(), vec![self.plan.program.display().to_string()]);
        let words = self.step.words.iter().map(|word| render(word, |name| values.get(name).cloned()));
        let words: Result<Vec<_>, _> = words.collect();
        Ok(words.map_err(|name| TaskError::Unknown(format!("placeholder '{{{name}}}'")))?.concat())
    }

    /// The paths of one binding.
    fn paths(
        &self,
        name: &str,
        from: &Binding,
        desk: &Path,
        keys: &Keys<'_>,
    ) -> Result<Vec<String>, TaskError> {
        let (Binding::Step(id) | Binding::Gather(id)) = from else {
            let Binding::Input(input) = from else { return Ok(Vec::new()) };
            return Ok(match self.plan.inputs.get(input) {
                Some(PlannedInput::File(path) | PlannedInput::Set { path, .. }) => {
                    vec![path.display().to_string()]
                }
                Some(PlannedInput::Sheet { .. }) => vec![self.lay_sheet(name, input, desk)?],
                None => Vec::new(),
            });
        };
        let Some((number, source)) = self.plan.step(id) else { return Ok(Vec::new()) };
        let slots = self.plan.agreeing(source, &self.plan.agreement(self.step, self.slot, source));
        let path = |slot: &Slot| {
            let folder = self.folder.slot(self.plan, source, slot);
            let main =
                keys.record(number, slot).and_then(|record| Some(record.outputs.first()?.file.clone()));
            let main = main.unwrap_or_else(|| source.main_output(self.plan, slot));
            folder.join(main).display().to_string()
        };
        Ok(slots.iter().map(path).collect())
    }

    /// Writes the rows of a sheet that the task sees. Files are named by links on the desk, so that the
    /// sheet's bytes do not depend on where they lie; those in columns that do not count are named without a link.
    fn lay_sheet(&self, name: &str, input: &str, desk: &Path) -> Result<String, TaskError> {
        let Some(PlannedInput::Sheet { columns, files, .. }) = self.plan.inputs.get(input) else {
            return Ok(String::new());
        };
        let counting = &self.step.inputs[name].columns;
        let mut text = columns.join("\t") + "\n";
        for (index, row) in self.plan.sheet_rows(self.step, self.slot, input).into_iter().enumerate() {
            let mut cells = row.clone();
            for (column, cell) in columns.iter().zip(&mut cells) {
                if cell.is_empty() || !files.contains(column) {
                    continue;
                }
                let target = PathBuf::from(&*cell);
                let file = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let folder = format!("{name}/{}-{column}", index + 1);
                if counting.is_empty() || counting.contains(column) {
                    file::create_directory(&desk.join(&folder))?;
                    let link = desk.join(&folder).join(&file);
                    std::os::unix::fs::symlink(&target, &link)
                        .map_err(|error| FileError::new(&link, &error))?;
                }
                *cell = format!("{folder}/{file}");
            }
            text.push_str(&(cells.join("\t") + "\n"));
        }
        let file = format!("{name}.tsv");
        write_text(&desk.join(&file), &text)?;
        Ok(file)
    }

    fn lay_outputs(&self, desk: &Path, values: &mut BTreeMap<String, Vec<String>>) -> Result<(), TaskError> {
        let main = self.step.main_output(self.plan, self.slot);
        match &self.step.makes {
            PlannedMake::Named(files) => {
                for (name, file) in files {
                    values.insert(format!("out.{name}"), vec![file.clone()]);
                }
            }
            PlannedMake::Extension(_) | PlannedMake::Tables => {}
            PlannedMake::Beside(input) => {
                let word = format!("in.{input}");
                let target = values.get(&word).and_then(|paths| paths.first()).cloned().unwrap_or_default();
                let link = desk.join(&main);
                std::os::unix::fs::symlink(&target, &link).map_err(|error| FileError::new(&link, &error))?;
                values.insert(word, vec![main.clone()]);
            }
        }
        values.insert("out".to_owned(), vec![self.step.output_word(self.plan, self.slot)]);
        Ok(())
    }

    fn execute(&self, words: &[String], desk: &Path, seconds: u64) -> Result<(), TaskError> {
        let program = self.step.words.get(1).filter(|_| self.step.words[0] == "{landrace}").map_or_else(
            || words[0].rsplit('/').next().unwrap_or(&words[0]).to_owned(),
            |command| format!("landrace {command}"),
        );
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(desk).stdin(Stdio::null());
        if let Some(name) = &self.step.stdout
            && let PlannedMake::Named(files) = &self.step.makes
        {
            command.stdout(file::append(&desk.join(&files[name]))?);
        }
        interrupt::bind_to_us(&mut command);
        let mut child =
            command.spawn().map_err(|error| TaskError::Start { program: program.clone(), error })?;
        let watched = Watched::new(&child);
        let start = Instant::now();
        let mut pause = Duration::from_millis(2);
        let mut is_late = false;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => std::thread::sleep(pause),
                Err(error) => return Err(TaskError::Start { program, error }),
            }
            pause = (pause * 2).min(Duration::from_millis(100));
            if seconds > 0 && start.elapsed() > Duration::from_secs(seconds) {
                is_late = true;
                watched.kill();
            }
        };
        match status.success() {
            _ if interrupt::is_requested() => Err(TaskError::Interrupted),
            _ if is_late => Err(TaskError::TooLong { program, seconds }),
            true => Ok(()),
            false => Err(failed(program, status, self.step.words[0] == "{landrace}")),
        }
    }

    /// The files on the desk that are outputs, the main one first.
    fn made(&self, desk: &Path, program: &str) -> Result<Vec<String>, TaskError> {
        let main = self.step.main_output(self.plan, self.slot);
        let wanted: Vec<String> = match &self.step.makes {
            PlannedMake::Named(files) => {
                let rest = files.values().filter(|file| **file != main).cloned();
                std::iter::once(main.clone()).chain(rest).collect()
            }
            _ => vec![main.clone()],
        };
        if let Some(file) = wanted.iter().find(|file| fs::symlink_metadata(desk.join(file)).is_err()) {
            let program = program.rsplit('/').next().unwrap_or(program).to_owned();
            return Err(TaskError::NoOutput { program, file: file.clone() });
        }
        let stems: Vec<String> = match &self.step.makes {
            PlannedMake::Extension(_) | PlannedMake::Tables => {
                vec![self.plan.stem(self.step, self.slot) + "."]
            }
            _ => wanted.iter().map(|file| format!("{file}.")).collect(),
        };
        let laid =
            self.plan.spans(self.step, self.slot).map(|_| self.plan.slot_name(self.step, self.slot) + ".bed");
        let mut beside: Vec<String> = fs::read_dir(desk)
            .map_err(|error| FileError::new(desk, &error))?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| stems.iter().any(|stem| name.starts_with(stem)))
            .filter(|name| !wanted.contains(name) && Some(name) != laid.as_ref())
            .collect();
        beside.sort_unstable();
        Ok([wanted, beside].concat())
    }

    /// Moves the outputs into place: old record away, files renamed, new record last.
    fn publish(
        &self,
        folder: &Path,
        desk: &Path,
        made: Vec<String>,
        key: &Key,
        (attempt, start): (u32, Instant),
    ) -> Result<Record, TaskError> {
        let mut digests = Vec::with_capacity(made.len());
        for name in &made {
            let path = desk.join(name);
            file::open_raw(&path)?.sync_all().map_err(|error| FileError::new(&path, &error))?;
            digests.push(file::digest(&path)?.0);
        }
        let earlier = Record::read(folder);
        Record::remove(folder)?;
        for gone in earlier.iter().flat_map(|record| &record.outputs).filter(|old| !made.contains(&old.file))
        {
            let _ = fs::remove_file(folder.join(&gone.file));
        }
        let mut outputs = Vec::with_capacity(made.len());
        for (name, digest) in made.iter().zip(digests) {
            let target = folder.join(name);
            fs::rename(desk.join(name), &target).map_err(|error| FileError::new(&target, &error))?;
            outputs.push(MadeFile::of(folder, name, digest)?);
        }
        sync_folder(folder)?;
        let seconds = (start.elapsed().as_secs_f64() * 100.0).round() / 100.0;
        let record = Record { key: key.digest.clone(), parts: key.parts.clone(), outputs, attempt, seconds };
        record.write(folder)?;
        Ok(record)
    }
}

fn failed(program: String, status: ExitStatus, is_ours: bool) -> TaskError {
    use std::os::unix::process::ExitStatusExt;
    let (how, cause) = match (status.code(), status.signal()) {
        // Landrace's commands are deterministic and end with 1 or 2 if they refuse their input.
        (Some(code @ (1 | 2)), _) if is_ours => (format!("failed with exit code {code}"), Cause::Refused),
        (Some(code), _) => (format!("failed with exit code {code}"), Cause::Other),
        (None, Some(libc::SIGKILL)) => (
            "was killed, as the system does when memory runs out; raise the step's 'mem'".to_owned(),
            Cause::Killed,
        ),
        (None, Some(signal)) => (format!("was ended by signal {signal}"), Cause::Other),
        (None, None) => ("failed".to_owned(), Cause::Other),
    };
    TaskError::Failed { program, how, cause }
}

/// The links to reads on a desk, two folders down, and where they lead.
fn links(desk: &Path) -> Vec<(String, String)> {
    let entries = |folder: &Path| {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let files =
        entries(desk).into_iter().flat_map(|folder| entries(&folder)).flat_map(|folder| entries(&folder));
    let shown = |path: &Path| path.strip_prefix(desk).unwrap_or(path).display().to_string();
    let mut links: Vec<_> = files
        .filter_map(|link| Some((shown(&link), fs::read_link(&link).ok()?.display().to_string())))
        .collect();
    links.sort();
    links
}

/// Words as one could type them.
fn shown(words: &[String]) -> String {
    let plain = |word: &String| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&b))
    };
    let quote =
        |word: &String| if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', "'\\''")) };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}
