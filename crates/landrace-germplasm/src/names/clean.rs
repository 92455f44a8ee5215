//! Cleaning of names: case, accents, punctuation, leading zeros, prefixes apart from their numbers.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::BTreeSet;

/// How names are cleaned and cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaning {
    /// Words that say nothing of an accession (`LOCAL`, `WHITE`), cleaned, in capitals.
    pub exceptions: BTreeSet<String>,
    /// Words that belong together when they follow each other (`GUJARAT`, `DWARF`).
    pub pairs: Vec<(String, String)>,
    /// Words that belong to the word after them.
    pub prefixes: Vec<String>,
    /// Words that belong to the word before them.
    pub suffixes: Vec<String>,
    /// Whether roman numerals from II on after a word are numbers: `KUFRI II` is `KUFRI2`.
    pub has_roman_numerals: bool,
}

/// Words of names that say nothing of the accession: what gene banks write for want of a name.
pub const COMMON_WORDS: [&str; 24] = [
    "ACCESSION",
    "CULTIVAR",
    "CULTURE",
    "CV",
    "EXOTIC",
    "IMPROVED",
    "LANDRACE",
    "LINE",
    "LOCAL",
    "MIXED",
    "NA",
    "NAME",
    "NIL",
    "NO",
    "NONE",
    "NULL",
    "OF",
    "SELECTION",
    "TYPE",
    "UNKNOWN",
    "UNNAMED",
    "VAR",
    "VARIETY",
    "WILD",
];

impl Cleaning {
    /// The rules for names of any gene bank: common words say nothing, roman numerals are numbers.
    pub fn standard() -> Self {
        let exceptions = COMMON_WORDS.iter().map(|&word| word.to_owned()).collect();
        Self { exceptions, has_roman_numerals: true, ..Self::default() }
    }
}

/// A name in capitals without accents and punctuation, its words apart by single spaces.
///
/// Commas, semicolons, colons and brackets part words; other punctuation is left out (`ICG-4709` is `ICG4709`). A word
/// of letters joins the number after it (`EC 12345`), and numbers lose leading zeros.
pub fn clean(name: &str) -> String {
    let mut letters = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            ',' | ';' | ':' | '(' | ')' | '[' | ']' | '{' | '}' => letters.push(' '),
            _ if letter.is_whitespace() => letters.push(' '),
            _ if letter.is_alphanumeric() => fold(letter, &mut letters),
            // Punctuation, symbols and marks.
            _ => {}
        }
    }
    let mut out = String::with_capacity(letters.len());
    for word in letters.split(' ').filter(|word| !word.is_empty()) {
        let joins = word.starts_with(|c: char| c.is_ascii_digit()) && out.ends_with(char::is_alphabetic);
        if !out.is_empty() && !joins {
            out.push(' ');
        }
        push_without_zeros(word, &mut out);
    }
    // A word of zeros alone leaves nothing.
    out.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Adds a word; zeros before a number are left out.
fn push_without_zeros(word: &str, out: &mut String) {
    let mut is_in_number = false;
    for letter in word.chars() {
        if letter == '0' && !is_in_number {
            continue;
        }
        is_in_number = letter.is_ascii_digit();
        out.push(letter);
    }
}

/// The keywords of a name, in its order; each once.
///
/// Prefixes join the next word where they begin the name, pairs where they begin or end it, suffixes anywhere.
pub fn keywords(name: &str, cleaning: &Cleaning) -> Vec<String> {
    let cleaned = clean(name);
    let tokens: Vec<&str> = cleaned.split(' ').filter(|word| !word.is_empty()).collect();
    let mut words: Vec<String> = Vec::new();
    for (at, &word) in tokens.iter().enumerate() {
        let number = if cleaning.has_roman_numerals && at > 0 { roman(word) } else { None };
        let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_end = at == 1 || at + 1 == tokens.len();
        let joins = at == 1 && cleaning.prefixes.iter().any(|prefix| prefix == tokens[0])
            || cleaning.suffixes.iter().any(|suffix| suffix == bare)
            || at > 0 && is_end && cleaning.is_pair(tokens[at - 1], bare);
        let own = number.map_or_else(|| word.to_owned(), |number| number.to_string());
        match words.last_mut() {
            Some(last) if joins || number.is_some() => last.push_str(&own),
            _ => words.push(own),
        }
    }
    let mut seen = BTreeSet::new();
    words.retain(|word| !cleaning.exceptions.contains(word) && seen.insert(word.clone()));
    words
}

impl Cleaning {
    fn is_pair(&self, last: &str, next: &str) -> bool {
        self.pairs.iter().any(|(a, b)| last == a && b == next)
    }
}

/// The number of a roman numeral from II to XXXIX.
fn roman(word: &str) -> Option<u32> {
    if word.len() < 2 || !word.bytes().all(|byte| matches!(byte, b'I' | b'V' | b'X')) {
        return None;
    }
    let tens = word.bytes().take_while(|&byte| byte == b'X').count();
    let ones = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"];
    let place = ones.iter().position(|one| *one == &word[tens..])?;
    let number = u32::try_from(10 * tens + place).ok()?;
    (number < 40).then_some(number)
}

/// Adds a letter in capitals, without its accent where it is of a Latin alphabet.
fn fold(letter: char, out: &mut String) {
    if letter.is_ascii() {
        out.push(letter.to_ascii_uppercase());
        return;
    }
    // Marks that capitals fall apart into are left out.
    for letter in letter.to_uppercase().filter(|letter| letter.is_alphanumeric()) {
        match letter {
            'À'..='Å' | 'Ā' | 'Ă' | 'Ą' | 'Ǎ' | 'Ạ'..='Ặ' => out.push('A'),
            'Æ' => out.push_str("AE"),
            'Ç' | 'Ć' | 'Ĉ' | 'Ċ' | 'Č' => out.push('C'),
            'Ð' | 'Ď' | 'Đ' => out.push('D'),
            'È'..='Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' | 'Ẹ'..='Ệ' => out.push('E'),
            'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => out.push('G'),
            'Ĥ' | 'Ħ' => out.push('H'),
            'Ì'..='Ï' | 'Ĩ' | 'Ī' | 'Ĭ' | 'Į' | 'İ' | 'Ỉ' | 'Ị' => out.push('I'),
            'Ĵ' => out.push('J'),
            'Ķ' => out.push('K'),
            'Ĺ' | 'Ļ' | 'Ľ' | 'Ł' => out.push('L'),
            'Ñ' | 'Ń' | 'Ņ' | 'Ň' => out.push('N'),
            'Ò'..='Ö' | 'Ø' | 'Ō' | 'Ŏ' | 'Ő' | 'Ơ' | 'Ọ'..='Ợ' => out.push('O'),
            'Œ' => out.push_str("OE"),
            'Ŕ' | 'Ŗ' | 'Ř' => out.push('R'),
            'Ś' | 'Ŝ' | 'Ş' | 'Š' | 'Ș' => out.push('S'),
            'Ţ' | 'Ť' | 'Ŧ' | 'Ț' => out.push('T'),
            'Ù'..='Ü' | 'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' | 'Ư' | 'Ụ'..='Ự' => out.push('U'),
            'Ŵ' => out.push('W'),
            'Ý' | 'Ŷ' | 'Ÿ' | 'Ỳ'..='Ỹ' => out.push('Y'),
            'Ź' | 'Ż' | 'Ž' => out.push('Z'),
            'Þ' => out.push_str("TH"),
            'ẞ' => out.push_str("SS"),
            other => out.push(other),
        }
    }
}
