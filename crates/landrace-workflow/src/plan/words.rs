//! Placeholders in the words of a command: `{in}`, `{in.NAME}`, `{out}`, `{cpus}` and the like.
//!
//! A word that is nothing but a placeholder of several files becomes several words. `{{` and `}}` are braces.

/// Puts values in place of the placeholders of a word. `value` gives those of a name; a name that it does not
/// know is the error.
pub(crate) fn render<F>(word: &str, value: F) -> Result<Vec<String>, String>
where
    F: Fn(&str) -> Option<Vec<String>>,
{
    if let Some(name) = word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
        && !name.contains(['{', '}'])
    {
        return value(name).ok_or_else(|| name.to_owned());
    }
    let mut text = String::new();
    let mut rest = word;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            text.push_str(brace);
            rest = after;
        } else if let Some((name, after)) = rest.split_once('}').filter(|_| brace == "{") {
            text.push_str(&value(name).ok_or_else(|| name.to_owned())?.join(" "));
            rest = after;
        } else {
            text.push_str(brace);
        }
    }
    text.push_str(rest);
    Ok(vec![text])
}

/// A text that [`render`] gives back as it is.
pub(super) fn literal(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(word: &str) -> Result<Vec<String>, String> {
        render(word, |name| match name {
            "in" => Some(vec!["a".into(), "b".into()]),
            "out" => Some(vec!["x.tsv".into()]),
            _ => None,
        })
    }

    #[test]
    fn puts_values_in_place() {
        assert_eq!(rendered("{in}").unwrap(), ["a", "b"]);
        assert_eq!(rendered("--out={out}").unwrap(), ["--out=x.tsv"]);
        assert_eq!(rendered("{{in}}").unwrap(), ["{in}"]);
        assert_eq!(rendered("{oops}"), Err("oops".to_owned()));
        for text in ["a{b}c", "{in}", "}{", "{"] {
            assert_eq!(rendered(&literal(text)).unwrap(), [text]);
        }
    }
}
