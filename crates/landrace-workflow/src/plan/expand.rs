//! From a workflow and what the user gave to a frozen plan.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use landrace_genome::nearest::hint;

use super::words::{literal, render};
use super::{AxisSlot, Plan, PlannedInput, PlannedMake, PlannedStep, PlannedTake, SCHEMA, Slot, axis};
use crate::catalogue::{Catalogue, Command, Make, Part, Pass, Sheet};
use crate::workflow::{Binding, Input, InputKind, Program, Scatter, Step, Value, Workflow, WorkflowError};

/// What the user gave beside the workflow file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Files, by the name of the input.
    pub files: BTreeMap<String, PathBuf>,
    /// Arguments that take the place of the file's: step, argument, value.
    pub settings: Vec<(String, String, String)>,
}

type Sheets = HashMap<String, Sheet>;

impl Plan {
    /// Expands a workflow: reads sheets and contigs, works out the slots of the scatters and the words of
    /// each step.
    ///
    /// # Errors
    /// Returns an error that names the file and place if an input is missing or wrong, if a step does not fit
    /// its command, or if an argument is refused by it.
    pub fn of(workflow: &Workflow, given: &Given, catalogue: &dyn Catalogue) -> Result<Self, WorkflowError> {
        let known = |name: &String| workflow.inputs.contains_key(name);
        if let Some(name) = given.files.keys().find(|name| !known(name)) {
            let near = hint(name, workflow.inputs.keys().map(String::as_str));
            let message = format!("the workflow '{}' has no input '{name}'{near}", workflow.name);
            return Err(WorkflowError::Given(message));
        }
        let mut sheets = Sheets::new();
        let mut plan = Self::empty(workflow, catalogue);
        for (name, input) in &workflow.inputs {
            let path = input_path(workflow, name, input, given)?;
            plan.inputs.insert(name.clone(), planned_input(name, input, path, catalogue, &mut sheets)?);
        }
        for (name, scatter) in &workflow.scatters {
            let (Scatter::Samples { input } | Scatter::Regions { input, .. }) = scatter;
            let path = input_path(workflow, input, &workflow.inputs[input], given)?;
            plan.axes.insert(name.clone(), slots((name, scatter), &path, &sheets, catalogue)?);
        }
        for step in with_settings(workflow, given)? {
            let planned = planned_step(workflow, &step, catalogue)?;
            plan.check_words(workflow, &step, &planned, catalogue)?;
            plan.steps.push(planned);
        }
        Ok(plan)
    }

    fn empty(workflow: &Workflow, catalogue: &dyn Catalogue) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            workflow: workflow.name.clone(),
            landrace: env!("CARGO_PKG_VERSION").to_owned(),
            program: catalogue.program(),
            inputs: BTreeMap::new(),
            axes: BTreeMap::new(),
            steps: Vec::new(),
        }
    }

    /// Renders the words of the step's first slot, so that a mistake shows before anything runs.
    fn check_words(
        &self,
        workflow: &Workflow,
        step: &Step,
        planned: &PlannedStep,
        catalogue: &dyn Catalogue,
    ) -> Result<(), WorkflowError> {
        let Some(slot) = self.slots(planned).into_iter().next() else { return Ok(()) };
        let words = self.sample_words(planned, &slot).map_err(|name| {
            let names = self.placeholder_names(planned);
            let near = match hint(&name, names.iter().map(String::as_str)) {
                near if near.is_empty() => format!("; known are {{{}}}", names.join("}, {")),
                near => near,
            };
            workflow.error(step.line, format!("step '{}': unknown placeholder '{{{name}}}'{near}", step.id))
        })?;
        if matches!(step.program, Program::Command(_)) {
            let refused = |message| workflow.error(step.line, format!("step '{}': {message}", step.id));
            catalogue.check(&words[1..]).map_err(refused)?;
        }
        Ok(())
    }

    fn placeholder_names(&self, step: &PlannedStep) -> Vec<String> {
        let mut names = vec!["cpus".to_owned(), "memory".to_owned(), "landrace".to_owned()];
        names.extend(step.inputs.keys().map(|name| format!("in.{name}")));
        if step.inputs.len() == 1 {
            names.push("in".to_owned());
        }
        names.push("out".to_owned());
        if let PlannedMake::Named(files) = &step.makes {
            names.extend(files.keys().map(|name| format!("out.{name}")));
        }
        names.extend(step.per.iter().cloned());
        names
    }

    /// The words with a stand-in for each file.
    fn sample_words(&self, step: &PlannedStep, slot: &Slot) -> Result<Vec<String>, String> {
        let names = self.placeholder_names(step);
        let value = |name: &str| -> Option<Vec<String>> {
            let is_known = name == "regions" || names.iter().any(|known| known == name);
            let text = match name {
                "cpus" => "1".to_owned(),
                "memory" => "1G".to_owned(),
                "out" => step.output_word(self, slot),
                other => other.replace('.', "-"),
            };
            is_known.then(|| vec![text])
        };
        let words = step.words.iter().map(|word| render(word, value)).collect::<Result<Vec<_>, _>>()?;
        Ok(words.concat())
    }
}

impl Workflow {
    /// Checks what can be checked without inputs: that each step fits its command.
    ///
    /// # Errors
    /// Returns an error that names the line of the step.
    pub fn check(&self, catalogue: &dyn Catalogue) -> Result<(), WorkflowError> {
        let mut plan = Plan::empty(self, catalogue);
        for (name, input) in &self.inputs {
            let planned = match input.kind {
                InputKind::Sheet { .. } => PlannedInput::Sheet {
                    path: name.into(),
                    columns: Vec::new(),
                    files: Vec::new(),
                    rows: Vec::new(),
                },
                InputKind::Fasta | InputKind::File => PlannedInput::File(name.into()),
            };
            plan.inputs.insert(name.clone(), planned);
        }
        for name in self.scatters.keys() {
            let share = axis::Share::Spans(Vec::new());
            plan.axes.insert(name.clone(), vec![AxisSlot { name: name.clone(), label: name.clone(), share }]);
        }
        for step in &self.steps {
            let planned = planned_step(self, step, catalogue)?;
            plan.check_words(self, step, &planned, catalogue)?;
            plan.steps.push(planned);
        }
        Ok(())
    }
}

fn input_path(
    workflow: &Workflow,
    name: &str,
    input: &Input,
    given: &Given,
) -> Result<PathBuf, WorkflowError> {
    let folder = workflow.path.parent().unwrap_or(Path::new(""));
    let default = || input.default.as_ref().map(|path| folder.join(path));
    let path = given.files.get(name).cloned().or_else(default).ok_or_else(|| {
        let flag = match name {
            "samples" | "reference" => format!("--{name} FILE"),
            _ => format!("--input {name}=FILE"),
        };
        WorkflowError::Given(format!(
            "the workflow '{}' needs the input '{name}'; give it with {flag}",
            workflow.name
        ))
    })?;
    if path.is_file() {
        return Ok(path);
    }
    Err(WorkflowError::Given(format!("{}: no such file (input '{name}'); check the path", path.display())))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn planned_input(
    name: &str,
    input: &Input,
    path: PathBuf,
    catalogue: &dyn Catalogue,
    sheets: &mut Sheets,
) -> Result<PlannedInput, WorkflowError> {
    let InputKind::Sheet { required, optional } = &input.kind else {
        let companions = catalogue.companions(&path);
        return Ok(match companions.as_slice() {
            [] => PlannedInput::File(absolute(&path)),
            files => PlannedInput::Set {
                path: absolute(&path),
                companions: files.iter().map(|file| absolute(file)).collect(),
            },
        });
    };
    let sheet = catalogue.sheet(&path).map_err(WorkflowError::Given)?;
    check_columns(&path, &sheet, required, optional)?;
    check_files(&path, &sheet)?;
    let is_file: Vec<bool> = sheet.columns.iter().map(|column| sheet.file_columns.contains(column)).collect();
    let cell = |(cell, is_file): (&String, &bool)| match *is_file && !cell.is_empty() {
        true => absolute(Path::new(cell)).display().to_string(),
        false => cell.clone(),
    };
    let planned = PlannedInput::Sheet {
        path: absolute(&path),
        columns: sheet.columns.clone(),
        files: sheet.file_columns.clone(),
        rows: sheet.rows.iter().map(|(_, cells)| cells.iter().zip(&is_file).map(cell).collect()).collect(),
    };
    sheets.insert(name.to_owned(), sheet);
    Ok(planned)
}

fn check_columns(
    path: &Path,
    sheet: &Sheet,
    required: &[String],
    optional: &[String],
) -> Result<(), WorkflowError> {
    for column in required {
        let Some(index) = sheet.columns.iter().position(|name| name == column) else {
            let others =
                sheet.columns.iter().filter(|name| !required.contains(name) && !optional.contains(name));
            let near = hint(column, others.map(String::as_str));
            let message = format!("{}: the sheet has no column '{column}'{near}", path.display());
            return Err(WorkflowError::Given(message));
        };
        if let Some((row, _)) = sheet.rows.iter().find(|(_, cells)| cells[index].is_empty()) {
            let message = format!("{}: row {row}: column '{column}' is empty; fill it in", path.display());
            return Err(WorkflowError::Given(message));
        }
    }
    Ok(())
}

fn check_files(path: &Path, sheet: &Sheet) -> Result<(), WorkflowError> {
    for (row, cells) in &sheet.rows {
        for (column, cell) in sheet.columns.iter().zip(cells) {
            let names_a_file = sheet.file_columns.contains(column) && !cell.is_empty();
            if names_a_file && !Path::new(cell).is_file() {
                let place = format!("{}: row {row}, column '{column}'", path.display());
                let message = format!("{place}: {cell}: no such file; paths start at the sheet's folder");
                return Err(WorkflowError::Given(message));
            }
        }
    }
    Ok(())
}

fn slots(
    (name, scatter): (&str, &Scatter),
    path: &Path,
    sheets: &Sheets,
    catalogue: &dyn Catalogue,
) -> Result<Vec<AxisSlot>, WorkflowError> {
    let slots = match scatter {
        Scatter::Samples { input } => axis::samples(input, &sheets[input]),
        Scatter::Regions { window, .. } => {
            axis::regions(&catalogue.contigs(path).map_err(WorkflowError::Given)?, *window)
        }
    };
    if slots.is_empty() {
        let message = format!("{}: there is nothing in it for the scatter '{name}'", path.display());
        return Err(WorkflowError::Given(message));
    }
    axis::check_names(name, &slots)?;
    Ok(slots)
}

/// The steps with the user's `--set` in place.
fn with_settings(workflow: &Workflow, given: &Given) -> Result<Vec<Step>, WorkflowError> {
    let mut steps = workflow.steps.clone();
    for (id, argument, value) in &given.settings {
        let Some(step) = steps.iter_mut().find(|step| step.id == *id) else {
            let near = hint(id, workflow.steps.iter().map(|step| step.id.as_str()));
            return Err(WorkflowError::Given(format!(
                "--set {id}.{argument}: there is no step '{id}'{near}"
            )));
        };
        if matches!(step.program, Program::Foreign { .. }) {
            let message =
                format!("--set {id}.{argument}: step '{id}' is not a Landrace command; edit its 'run' list");
            return Err(WorkflowError::Given(message));
        }
        let value = value.parse().map_or_else(|_| Value::Text(value.clone()), Value::Switch);
        step.args.insert(argument.clone(), value);
    }
    Ok(steps)
}

fn planned_step(
    workflow: &Workflow,
    step: &Step,
    catalogue: &dyn Catalogue,
) -> Result<PlannedStep, WorkflowError> {
    let mut planned = PlannedStep {
        id: step.id.clone(),
        tool: String::new(),
        script: None,
        words: Vec::new(),
        per: step.per.clone(),
        inputs: BTreeMap::new(),
        args: step.args.clone(),
        needs: step.needs,
        retries: step.retries,
        publish: step.publish.clone(),
        makes: PlannedMake::Named(BTreeMap::new()),
        stdout: None,
    };
    match &step.program {
        Program::Command(name) => {
            let command = catalogue.command(name).ok_or_else(|| {
                let names: Vec<&str> = catalogue.commands().iter().map(|command| command.name).collect();
                let near = match hint(name, names.iter().copied()) {
                    near if near.is_empty() => format!("; known are {}", names.join(", ")),
                    near => near,
                };
                workflow.error(step.line, format!("step '{}': there is no command '{name}'{near}", step.id))
            })?;
            fill_command(&mut planned, command, step, workflow)
                .map_err(|message| workflow.error(step.line, format!("step '{}': {message}", step.id)))?;
        }
        Program::Foreign { words, outputs, stdout } => {
            planned.tool = words.first().cloned().unwrap_or_default();
            planned.words.clone_from(words);
            planned.args.insert("words".to_owned(), Value::List(words[1..].to_vec()));
            planned.makes = PlannedMake::Named(outputs.clone());
            planned.stdout.clone_from(stdout);
            planned.inputs =
                step.inputs.iter().map(|(name, from)| (name.clone(), take(from, &[], false))).collect();
            if planned.tool.contains('/') {
                let script = workflow.path.parent().unwrap_or(Path::new("")).join(&planned.tool);
                if !script.is_file() {
                    let message = format!("step '{}': {}: no such program", step.id, script.display());
                    return Err(workflow.error(step.line, message));
                }
                let script = absolute(&script);
                planned.tool = script.file_name().unwrap_or_default().to_string_lossy().into_owned();
                planned.words[0] = literal(&script.to_string_lossy());
                planned.script = Some(script);
            }
        }
    }
    Ok(planned)
}

fn take(from: &[Binding], columns: &[&str], is_summary: bool) -> PlannedTake {
    let columns = columns.iter().map(|column| (*column).to_owned()).collect();
    PlannedTake { from: from.to_vec(), columns, is_summary }
}

/// Works out the words of a Landrace command.
fn fill_command(
    planned: &mut PlannedStep,
    command: &Command,
    step: &Step,
    workflow: &Workflow,
) -> Result<(), String> {
    planned.tool = format!("{} {}", command.name, command.version);
    planned.words = vec!["{landrace}".to_owned()];
    planned.words.extend(command.name.split(' ').map(str::to_owned));
    fill_inputs(planned, command, step, workflow)?;
    for (name, value) in &step.args {
        let flag = flag_of(command, name)?;
        match value {
            Value::Switch(true) => planned.words.push(flag),
            Value::Switch(false) => {}
            Value::Text(text) => planned.words.extend([flag, literal(text)]),
            Value::List(items) => {
                planned.words.extend(items.iter().flat_map(|item| [flag.clone(), literal(item)]));
            }
        }
    }
    let has = |flag: &str| command.flags.iter().any(|known| known == flag);
    if has("--threads") {
        planned.words.extend(["--threads".to_owned(), "{cpus}".to_owned()]);
    }
    if has("--memory") && step.needs.memory > 0 {
        planned.words.extend(["--memory".to_owned(), "{memory}".to_owned()]);
    }
    match command.makes {
        Make::File { flag, extension } => {
            planned.words.extend([flag.to_owned(), "{out}".to_owned()]);
            planned.makes = PlannedMake::Extension(extension.to_owned());
        }
        Make::Tables { flag } => {
            planned.words.extend([flag.to_owned(), "{out}".to_owned()]);
            planned.makes = PlannedMake::Tables;
        }
        Make::Beside { input } => planned.makes = PlannedMake::Beside(input.to_owned()),
    }
    Ok(())
}

fn fill_inputs(
    planned: &mut PlannedStep,
    command: &Command,
    step: &Step,
    workflow: &Workflow,
) -> Result<(), String> {
    let flags = command.flags.iter().filter_map(|flag| flag.strip_prefix("--"));
    for name in step.inputs.keys() {
        let is_known =
            command.inputs.iter().any(|take| take.name == name) || flags.clone().any(|flag| flag == name);
        if !is_known {
            let near = hint(name, command.inputs.iter().map(|take| take.name).chain(flags.clone()));
            return Err(format!("the command '{}' takes no '{name}'{near}", command.name));
        }
    }
    let in_place = |take: &&crate::catalogue::Take| matches!(take.pass, Pass::InPlaceOf(_));
    for known in &command.inputs {
        let stand_in = command
            .inputs
            .iter()
            .filter(in_place)
            .find(|take| take.pass == Pass::InPlaceOf(known.name) && step.inputs.contains_key(take.name));
        let Some(from) = step.inputs.get(known.name) else {
            if known.is_required && stand_in.is_none() {
                return Err(format!("the command '{}' needs '{}'; add it to 'in'", command.name, known.name));
            }
            continue;
        };
        planned.inputs.insert(known.name.to_owned(), take(from, known.columns, known.part == Part::Summary));
        let word = format!("{{in.{}}}", stand_in.map_or(known.name, |take| take.name));
        match known.pass {
            Pass::Positional => planned.words.push(word),
            Pass::Flag(flag) => planned.words.extend([flag.to_owned(), word]),
            Pass::InPlaceOf(_) => {}
        }
    }
    for (name, from) in
        step.inputs.iter().filter(|(name, _)| !planned.inputs.contains_key(*name)).collect::<Vec<_>>()
    {
        planned.inputs.insert(name.clone(), take(from, &[], false));
        planned.words.extend([format!("--{name}"), format!("{{in.{name}}}")]);
    }
    let by_region = |axis: &String| matches!(workflow.scatters.get(axis), Some(Scatter::Regions { .. }));
    if let Some(flag) = command.regions_flag.filter(|_| step.per.iter().any(by_region)) {
        planned.words.extend([flag.to_owned(), "{regions}".to_owned()]);
    }
    Ok(())
}

fn flag_of(command: &Command, argument: &str) -> Result<String, String> {
    let dashes = if argument.chars().count() == 1 { "-" } else { "--" };
    let flag = format!("{dashes}{argument}");
    let ours = ["--threads", "--memory", "--output", "-o", "-t"];
    if ours.contains(&flag.as_str()) {
        return Err(format!("'{argument}' is set by the run; use 'cpus', 'mem' and 'publish' of the step"));
    }
    if command.flags.contains(&flag) {
        return Ok(flag);
    }
    let near = hint(argument, command.flags.iter().map(|flag| flag.trim_start_matches('-')));
    Err(format!("the command '{}' has no argument '{argument}'{near}", command.name))
}
