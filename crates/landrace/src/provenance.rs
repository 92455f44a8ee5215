//! The canonical command line: the same work gives the same text.

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

/// Flags that change neither the result nor its meaning.
const LEFT_OUT: [&str; 7] = ["threads", "quiet", "verbose", "memory", "output", "summary", "scratch"];

/// The command as it was given, in the order in which the command declares its arguments, without threads,
/// memory and output, and with files by name, without their folders.
pub(crate) fn command_line(command: &Command, matches: &ArgMatches) -> String {
    let mut words = vec![command.get_name().to_owned()];
    let (mut command, mut matches) = (command, matches);
    while let Some((name, inner)) = matches.subcommand() {
        let Some(found) = command.find_subcommand(name) else { break };
        words.push(name.to_owned());
        (command, matches) = (found, inner);
    }
    let given = command.get_arguments().filter(|arg| {
        let id = arg.get_id().as_str();
        !LEFT_OUT.contains(&id) && matches.value_source(id) == Some(ValueSource::CommandLine)
    });
    for arg in given {
        let id = arg.get_id().as_str();
        let flag = arg.get_long().map(|long| format!("--{long}"));
        let is_switch = !arg.get_action().takes_values();
        if is_switch {
            words.extend(flag);
            continue;
        }
        let values = matches.get_raw(id).into_iter().flatten();
        for (index, value) in values.enumerate() {
            if index == 0 || matches!(arg.get_action(), clap::ArgAction::Append) {
                words.extend(flag.clone());
            }
            words.push(quoted(&without_folder(&value.to_string_lossy())));
        }
    }
    words.join(" ")
}

fn without_folder(value: &str) -> String {
    value.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(value).to_owned()
}

fn quoted(word: &str) -> String {
    let is_plain =
        !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "\"'\\$&|;<>()*?#".contains(c));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction};

    use super::*;

    #[test]
    fn leaves_out_what_does_not_change_the_result() {
        let command = Command::new("landrace").subcommand(
            Command::new("call")
                .arg(Arg::new("reference"))
                .arg(Arg::new("inputs").action(ArgAction::Append).num_args(1..))
                .arg(Arg::new("gbs").long("gbs").action(ArgAction::SetTrue))
                .arg(Arg::new("ploidy").long("ploidy").default_value("2"))
                .arg(Arg::new("sample").long("sample").action(ArgAction::Append))
                .arg(Arg::new("output").short('o'))
                .arg(Arg::new("threads").short('t')),
        );
        let line = "landrace call -t 4 -o out/x.bcf --sample a --sample 'b' in/ref.fa in/a.bam b.bam --gbs";
        let matches = command.clone().get_matches_from(line.replace('\'', "").split(' '));
        let expected = "landrace call ref.fa a.bam b.bam --gbs --sample a --sample b";
        assert_eq!(command_line(&command, &matches), expected);
    }
}
