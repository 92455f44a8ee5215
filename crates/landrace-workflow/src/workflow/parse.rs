//! From TOML to a [`Workflow`], checked on the way.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use landrace_genome::nearest::hint;
use toml::de::DeTable;

use super::quantity::{parse_bases, parse_bytes, parse_seconds};
use super::{Binding, Input, InputKind, Needs, Program, Scatter, Step, Workflow, WorkflowError};
use crate::document::{Entry, Source, Table};

/// The version of the format that this Landrace reads.
const FORMAT: &str = "1";

const STEP_KEYS: [&str; 13] =
    ["id", "uses", "run", "in", "args", "per", "cpus", "mem", "time", "retries", "publish", "out", "stdout"];

pub(super) fn parse(text: &str, path: &Path) -> Result<Workflow, WorkflowError> {
    let source = Source { path, text };
    let document = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| source.line(span.start));
        source.error(line, format!("this is not TOML: {}", error.message().replace('\n', ", ")))
    })?;
    let root = Table { source, entries: document.get_ref(), what: "the workflow file".to_owned(), line: 1 };
    root.only(&["landrace", "workflow", "inputs", "scatter", "step"])?;
    check_format(&root)?;
    let header = root.require("workflow")?.table("[workflow]".to_owned())?;
    header.only(&["name", "about"])?;
    let mut workflow = Workflow {
        name: name(&header.require("name")?)?,
        about: header.get("about").map(|entry| entry.text()).transpose()?.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        inputs: inputs(&root)?,
        scatters: BTreeMap::new(),
        steps: Vec::new(),
    };
    workflow.scatters = scatters(&root, &workflow)?;
    for table in root.require("step")?.tables()? {
        let step = step(&table, &workflow)?;
        workflow.steps.push(step);
    }
    Ok(workflow)
}

fn check_format(root: &Table<'_>) -> Result<(), WorkflowError> {
    let entry = root.require("landrace")?;
    let format = entry.text()?;
    if format != FORMAT {
        return Err(entry
            .error(format!("this Landrace reads format \"{FORMAT}\", the file is of format \"{format}\"")));
    }
    Ok(())
}

/// A name that is also a folder.
fn name(entry: &Entry<'_>) -> Result<String, WorkflowError> {
    let text = entry.text()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if text.is_empty() || !text.chars().all(is_plain) {
        return Err(entry.error(format!("'{text}' is no name; use letters, digits, '-' and '_'")));
    }
    Ok(text.to_owned())
}

fn inputs(root: &Table<'_>) -> Result<BTreeMap<String, Input>, WorkflowError> {
    let Some(entry) = root.get("inputs") else { return Ok(BTreeMap::new()) };
    let table = entry.table("[inputs]".to_owned())?;
    table.iter().map(|entry| Ok((entry.key.to_owned(), input(&entry)?))).collect()
}

fn input(entry: &Entry<'_>) -> Result<Input, WorkflowError> {
    let table = entry.table(format!("input '{}'", entry.key))?;
    let kind = table.require("type")?;
    let columns = |key| -> Result<Vec<String>, WorkflowError> {
        let columns = table.get(key).map(|entry| entry.texts()).transpose()?.unwrap_or_default();
        Ok(columns.into_iter().map(str::to_owned).collect())
    };
    let (kind, known): (_, &[&str]) = match kind.text()? {
        "sheet" => {
            let (required, optional) = (columns("required")?, columns("optional")?);
            (InputKind::Sheet { required, optional }, &["type", "path", "required", "optional"])
        }
        "fasta" => (InputKind::Fasta, &["type", "path"]),
        "file" => (InputKind::File, &["type", "path"]),
        other => {
            let words = ["sheet", "fasta", "file"];
            return Err(kind.error(format!("unknown type '{other}'; known are {}", words.join(", "))));
        }
    };
    table.only(known)?;
    let default = table.get("path").map(|entry| entry.text()).transpose()?.map(PathBuf::from);
    Ok(Input { kind, default })
}

fn scatters(root: &Table<'_>, workflow: &Workflow) -> Result<BTreeMap<String, Scatter>, WorkflowError> {
    let Some(entry) = root.get("scatter") else { return Ok(BTreeMap::new()) };
    let table = entry.table("[scatter]".to_owned())?;
    table
        .iter()
        .map(|entry| {
            let table = entry.table(format!("scatter '{}'", entry.key))?;
            Ok((entry.key.to_owned(), scatter(&table, workflow)?))
        })
        .collect()
}

fn scatter(table: &Table<'_>, workflow: &Workflow) -> Result<Scatter, WorkflowError> {
    table.only(&["over", "window"])?;
    let over = table.require("over")?;
    let (name, column) = match over.text()?.split_once('.') {
        Some((name, column)) => (name, Some(column)),
        None => (over.text()?, None),
    };
    let input = workflow.inputs.get(name).ok_or_else(|| {
        let near = hint(name, workflow.inputs.keys().map(String::as_str));
        over.error(format!("there is no input '{name}'{near}"))
    })?;
    let input_name = name.to_owned();
    match (&input.kind, column) {
        (InputKind::Sheet { .. }, Some("sample")) if table.get("window").is_none() => {
            Ok(Scatter::Samples { input: input_name })
        }
        (InputKind::Fasta, None) => {
            let entry = table.require("window")?;
            let text = entry.text()?;
            let window = parse_bases(text)
                .ok_or_else(|| entry.error(format!("'{text}' is no length; write it as in \"5Mb\"")))?;
            Ok(Scatter::Regions { input: input_name, window })
        }
        (InputKind::Sheet { .. }, _) => {
            Err(over.error(format!("write \"{name}.sample\" (without a window) to scatter over samples")))
        }
        _ => Err(over.error("scatter over the samples of a sheet, or over a reference with a window")),
    }
}

fn step(table: &Table<'_>, workflow: &Workflow) -> Result<Step, WorkflowError> {
    let id_entry = table.require("id")?;
    let id = name(&id_entry)?;
    if workflow.step(&id).is_some() || workflow.inputs.contains_key(&id) {
        return Err(id_entry.error(format!("the name '{id}' is taken; give the step another")));
    }
    let line = id_entry.line;
    let table = Table { source: table.source, entries: table.entries, what: format!("step '{id}'"), line };
    table.only(&STEP_KEYS)?;
    let per = per(&table, workflow)?;
    let inputs = bindings(&table, workflow, &per)?;
    let args = match table.get("args") {
        Some(entry) => {
            let args = entry.table(format!("the 'args' of step '{id}'"))?;
            args.iter()
                .map(|entry| Ok((entry.key.to_owned(), entry.argument()?)))
                .collect::<Result<_, WorkflowError>>()?
        }
        None => BTreeMap::new(),
    };
    let retries = table.get("retries").map(|entry| entry.number(0)).transpose()?.unwrap_or(0);
    let (program, needs, publish) = (program(&table)?, needs(&table)?, publish(&table)?);
    if matches!(program, Program::Foreign { .. }) && !args.is_empty() {
        return Err(table
            .source
            .error(line, format!("step '{id}': write the arguments of a program into its 'run' list")));
    }
    Ok(Step { id, line, program, per, inputs, args, needs, retries, publish })
}

fn program(table: &Table<'_>) -> Result<Program, WorkflowError> {
    let wrong = |message: &str| table.source.error(table.line, format!("{}: {message}", table.what));
    match (table.get("uses"), table.get("run")) {
        (Some(_), Some(_)) => Err(wrong("has both 'uses' and 'run'; keep one")),
        (None, None) => {
            Err(wrong("say what it runs: uses = \"COMMAND\" or run = [\"program\", \"{in}\", \"{out}\"]"))
        }
        (Some(uses), None) => match ["out", "stdout"].iter().find_map(|key| table.get(key)) {
            Some(entry) => Err(entry.error("a Landrace command knows its outputs; leave this out")),
            None => Ok(Program::Command(uses.text()?.to_owned())),
        },
        (None, Some(run)) => {
            let words: Vec<String> = run.texts()?.into_iter().map(str::to_owned).collect();
            let shells = ["sh", "bash", "dash", "zsh", "ksh", "fish", "csh", "tcsh"];
            let first =
                words.first().ok_or_else(|| run.error("the list is empty; name the program first"))?;
            let program = first.rsplit('/').next().unwrap_or(first);
            if shells.contains(&program) && words.iter().any(|word| word == "-c") {
                return Err(
                    run.error("there is no shell in a workflow; put the lines into a script and run that")
                );
            }
            let outputs = outputs(table)?;
            let stdout = table.get("stdout").map(|entry| entry.text().map(str::to_owned)).transpose()?;
            if let Some(name) = stdout.as_ref().filter(|name| !outputs.contains_key(*name)) {
                let near = hint(name, outputs.keys().map(String::as_str));
                return Err(wrong(&format!("standard output goes to '{name}', which is no output{near}")));
            }
            Ok(Program::Foreign { words, outputs, stdout })
        }
    }
}

/// `out = "panel.tsv"`, or `out = { table = "panel.tsv", log = "log.txt" }`.
fn outputs(table: &Table<'_>) -> Result<BTreeMap<String, String>, WorkflowError> {
    let entry = table.require("out")?;
    let outputs: BTreeMap<String, String> = match entry.text() {
        Ok(file) => BTreeMap::from([("out".to_owned(), file.to_owned())]),
        Err(_) => {
            let inner = entry.table(format!("the 'out' of {}", table.what))?;
            inner
                .iter()
                .map(|entry| Ok((entry.key.to_owned(), entry.text()?.to_owned())))
                .collect::<Result<_, WorkflowError>>()?
        }
    };
    for file in outputs.values() {
        if file.is_empty() || file.contains('/') || file.starts_with('.') {
            return Err(
                entry.error(format!("'{file}' is no file name; name files without folders and leading dots"))
            );
        }
    }
    if outputs.is_empty() {
        return Err(entry.error("a step without outputs would never be done; name one"));
    }
    Ok(outputs)
}

fn per(table: &Table<'_>, workflow: &Workflow) -> Result<Vec<String>, WorkflowError> {
    let Some(entry) = table.get("per") else { return Ok(Vec::new()) };
    let mut axes: Vec<String> = Vec::new();
    for axis in entry.texts()? {
        if !workflow.scatters.contains_key(axis) {
            let near = hint(axis, workflow.scatters.keys().map(String::as_str));
            return Err(entry.error(format!("there is no scatter '{axis}'{near}")));
        }
        if axes.iter().any(|other| other == axis) {
            return Err(entry.error(format!("'{axis}' is there twice")));
        }
        axes.push(axis.to_owned());
    }
    Ok(axes)
}

fn bindings(
    table: &Table<'_>,
    workflow: &Workflow,
    per: &[String],
) -> Result<BTreeMap<String, Vec<Binding>>, WorkflowError> {
    let Some(entry) = table.get("in") else { return Ok(BTreeMap::new()) };
    let inner = entry.table(format!("the 'in' of {}", table.what))?;
    inner
        .iter()
        .map(|entry| {
            let sources = entry.texts()?;
            let sources = sources.iter().map(|text| binding(&entry, text, workflow, per));
            Ok((entry.key.to_owned(), sources.collect::<Result<Vec<_>, _>>()?))
        })
        .collect()
}

fn binding(
    entry: &Entry<'_>,
    text: &str,
    workflow: &Workflow,
    per: &[String],
) -> Result<Binding, WorkflowError> {
    let gathered = text.strip_suffix(".*");
    let name = gathered.unwrap_or(text);
    if workflow.inputs.contains_key(name) {
        return match gathered {
            Some(_) => {
                Err(entry.error(format!("'{name}' is an input, not a scattered step; write \"{name}\"")))
            }
            None => Ok(Binding::Input(name.to_owned())),
        };
    }
    let Some(step) = workflow.step(name) else {
        let steps = workflow.steps.iter().map(|step| step.id.as_str());
        let near = hint(name, steps.chain(workflow.inputs.keys().map(String::as_str)));
        return Err(entry.error(format!("there is no input and no earlier step '{name}'{near}")));
    };
    let missing: Vec<&String> = step.per.iter().filter(|axis| !per.contains(axis)).collect();
    match (gathered, missing.first()) {
        (Some(_), Some(_)) => Ok(Binding::Gather(name.to_owned())),
        (None, None) => Ok(Binding::Step(name.to_owned())),
        (None, Some(axis)) => {
            Err(entry.error(format!("step '{name}' runs per {axis}; write \"{name}.*\" to take all of it")))
        }
        (Some(_), None) if step.per.is_empty() => {
            Err(entry.error(format!("step '{name}' is not scattered; write \"{name}\"")))
        }
        (Some(_), None) => {
            Err(entry.error(format!("this step runs per {} too; write \"{name}\"", step.per.join(", "))))
        }
    }
}

fn needs(table: &Table<'_>) -> Result<Needs, WorkflowError> {
    let cpus = table.get("cpus").map(|entry| entry.number(1)).transpose()?.unwrap_or(1);
    let quantity = |key: &str, read: fn(&str) -> Option<u64>, example: &str| match table.get(key) {
        None => Ok(0),
        Some(entry) => {
            let text = entry.text()?;
            let wrong = || entry.error(format!("cannot read '{text}'; write it as in {example}"));
            read(text).ok_or_else(wrong)
        }
    };
    let memory = quantity("mem", parse_bytes, "\"6G\" or \"500M\"")?;
    let seconds = quantity("time", parse_seconds, "\"2h\" or \"30m\"")?;
    Ok(Needs { cpus, memory, seconds })
}

fn publish(table: &Table<'_>) -> Result<Option<String>, WorkflowError> {
    let Some(entry) = table.get("publish") else { return Ok(None) };
    let folder = entry.text()?.trim_end_matches('/');
    let is_inside =
        Path::new(folder).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !is_inside {
        return Err(entry.error("name a folder within results/, without '..' or a leading '/'"));
    }
    Ok(Some(folder.to_owned()))
}
