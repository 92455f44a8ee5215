//! The sound of a name: Double Metaphone, after the rules that Lawrence Philips published (C/C++ Users Journal, June
//! 2000). Each name has a code of how it is most likely said, and one of how else it may be said; `0` stands for th, `X`
//! for sh and ch. Codes are not cut: names of accessions are longer than four sounds.

/// The codes of a word: the likely sound and the other one. What is no letter from A to Z (after cleaning) is silent.
pub fn code(word: &str) -> (String, String) {
    let letters: Vec<char> =
        word.chars().flat_map(char::to_uppercase).filter(char::is_ascii_uppercase).collect();
    let mut coder = Coder { letters, ..Coder::default() };
    coder.run();
    (coder.likely, coder.other)
}

#[derive(Default)]
struct Coder {
    letters: Vec<char>,
    likely: String,
    other: String,
    is_slavo_germanic: bool,
}

impl Coder {
    fn run(&mut self) {
        let word: String = self.letters.iter().collect();
        self.is_slavo_germanic = word.contains(['W', 'K']) || word.contains("CZ") || word.contains("WITZ");
        let mut at = 0;
        // Silent first letters.
        if self.is_any(0, &["GN", "KN", "PN", "WR", "PS"]) {
            at = 1;
        }
        if self.letter(0) == 'X' {
            self.add("S");
            at = 1;
        }
        while at < self.letters.len() {
            at += self.step(at);
        }
    }

    /// Codes the letter at a place; returns how many letters that took.
    fn step(&mut self, at: usize) -> usize {
        match self.letter(at) {
            'A' | 'E' | 'I' | 'O' | 'U' | 'Y' => {
                if at == 0 {
                    self.add("A");
                }
                1
            }
            'B' => self.single(at, 'B', "P"),
            'C' => self.c(at),
            'D' => self.d(at),
            'F' => self.single(at, 'F', "F"),
            'G' => self.g(at),
            'H' => self.h(at),
            'J' => self.j(at),
            'K' => self.single(at, 'K', "K"),
            'L' => self.l(at),
            'M' => self.m(at),
            'N' => self.single(at, 'N', "N"),
            'P' => self.p(at),
            'Q' => self.single(at, 'Q', "K"),
            'R' => self.r(at),
            'S' => self.s(at),
            'T' => self.t(at),
            'V' => self.single(at, 'V', "F"),
            'W' => self.w(at),
            'X' => self.x(at),
            _ => self.z(at),
        }
    }

    /// The letter at a place; a space beyond the ends.
    fn letter(&self, at: usize) -> char {
        self.letters.get(at).copied().unwrap_or(' ')
    }

    /// The letter `back` places before.
    fn before(&self, at: usize, back: usize) -> char {
        at.checked_sub(back).map_or(' ', |place| self.letter(place))
    }

    fn is_vowel(letter: char) -> bool {
        matches!(letter, 'A' | 'E' | 'I' | 'O' | 'U' | 'Y')
    }

    /// Whether one of these stands at a place.
    fn is_any(&self, at: usize, words: &[&str]) -> bool {
        let holds = |word: &&str| {
            at + word.len() <= self.letters.len()
                && word.chars().zip(&self.letters[at..]).all(|(letter, own)| letter == *own)
        };
        words.iter().any(holds)
    }

    /// [`Self::is_any`] at a place before this one.
    fn is_any_before(&self, at: usize, back: usize, words: &[&str]) -> bool {
        at.checked_sub(back).is_some_and(|place| self.is_any(place, words))
    }

    fn is_last(&self, at: usize) -> bool {
        at + 1 >= self.letters.len()
    }

    fn add(&mut self, sound: &str) {
        self.add_both(sound, sound);
    }

    fn add_both(&mut self, likely: &str, other: &str) {
        self.likely.push_str(likely);
        self.other.push_str(other);
    }

    /// One sound; a doubled letter counts once.
    fn single(&mut self, at: usize, letter: char, sound: &str) -> usize {
        self.add(sound);
        1 + usize::from(self.letter(at + 1) == letter)
    }

    /// Whether the word begins as Germanic names do, where CH and SCH are hard.
    fn is_germanic_start(&self) -> bool {
        self.is_any(0, &["VAN ", "VON ", "SCH"])
    }

    fn c(&mut self, at: usize) -> usize {
        // As in Bacher, Macher.
        if at > 1
            && !Self::is_vowel(self.before(at, 2))
            && self.is_any_before(at, 1, &["ACH"])
            && self.letter(at + 2) != 'I'
            && (self.letter(at + 2) != 'E' || self.is_any_before(at, 2, &["BACHER", "MACHER"]))
        {
            self.add("K");
            return 2;
        }
        if at == 0 && self.is_any(0, &["CAESAR"]) {
            self.add("S");
            return 2;
        }
        if self.is_any(at, &["CH"]) {
            return self.ch(at);
        }
        if self.is_any(at, &["CZ"]) && !self.is_any_before(at, 2, &["WICZ"]) {
            self.add_both("S", "X");
            return 2;
        }
        if self.is_any(at + 1, &["CIA"]) {
            self.add("X");
            return 3;
        }
        if self.is_any(at, &["CC"]) && !(at == 1 && self.letter(0) == 'M') {
            return self.cc(at);
        }
        if self.is_any(at, &["CK", "CG", "CQ"]) {
            self.add("K");
            return 2;
        }
        if self.is_any(at, &["CI", "CE", "CY"]) {
            if self.is_any(at, &["CIO", "CIE", "CIA"]) {
                self.add_both("S", "X");
            } else {
                self.add("S");
            }
            return 2;
        }
        self.add("K");
        match self.letter(at + 1) {
            'C' | 'K' | 'Q' if !self.is_any(at + 1, &["CE", "CI"]) => 2,
            _ => 1,
        }
    }

    fn ch(&mut self, at: usize) -> usize {
        if at > 0 && self.is_any(at, &["CHAE"]) {
            self.add_both("K", "X");
            return 2;
        }
        // Greek beginnings.
        let is_greek = at == 0
            && self.is_any(1, &["HARAC", "HARIS", "HOR", "HYM", "HIA", "HEM"])
            && !self.is_any(0, &["CHORE"]);
        let is_hard = self.is_germanic_start()
            || self.is_any_before(at, 2, &["ORCHES", "ARCHIT", "ORCHID"])
            || self.is_any(at + 2, &["T", "S"])
            || ((at == 0 || matches!(self.before(at, 1), 'A' | 'O' | 'U' | 'E'))
                && (self.is_last(at + 1)
                    || matches!(self.letter(at + 2), 'L' | 'R' | 'N' | 'M' | 'B' | 'H' | 'F' | 'V' | 'W')));
        if is_greek || is_hard {
            self.add("K");
        } else if at == 0 {
            self.add("X");
        } else if self.is_any(0, &["MC"]) {
            self.add("K");
        } else {
            self.add_both("X", "K");
        }
        2
    }

    fn cc(&mut self, at: usize) -> usize {
        if matches!(self.letter(at + 2), 'I' | 'E' | 'H') && !self.is_any(at + 2, &["HU"]) {
            // As in accident and succeed; else as in bacci.
            if (at == 1 && self.before(at, 1) == 'A') || self.is_any_before(at, 1, &["UCCEE", "UCCES"]) {
                self.add("KS");
            } else {
                self.add("X");
            }
            return 3;
        }
        self.add("K");
        2
    }

    fn d(&mut self, at: usize) -> usize {
        if self.is_any(at, &["DG"]) {
            if matches!(self.letter(at + 2), 'I' | 'E' | 'Y') {
                self.add("J");
                return 3;
            }
            self.add("TK");
            return 2;
        }
        self.add("T");
        1 + usize::from(self.is_any(at, &["DT", "DD"]))
    }

    fn g(&mut self, at: usize) -> usize {
        let next = self.letter(at + 1);
        if next == 'H' {
            return self.gh(at);
        }
        if next == 'N' {
            if at == 1 && Self::is_vowel(self.letter(0)) && !self.is_slavo_germanic {
                self.add_both("KN", "N");
            } else if !self.is_any(at + 2, &["EY"]) && !self.is_slavo_germanic {
                self.add_both("N", "KN");
            } else {
                self.add("KN");
            }
            return 2;
        }
        if self.is_any(at + 1, &["LI"]) && !self.is_slavo_germanic {
            self.add_both("KL", "L");
            return 2;
        }
        let soft = ["ES", "EP", "EB", "EL", "EY", "IB", "IL", "IN", "IE", "EI", "ER"];
        if at == 0 && (next == 'Y' || self.is_any(1, &soft)) {
            self.add_both("K", "J");
            return 2;
        }
        let is_hard_er = self.is_any(0, &["DANGER", "RANGER", "MANGER"]);
        if (self.is_any(at + 1, &["ER"]) || next == 'Y')
            && !is_hard_er
            && !matches!(self.before(at, 1), 'E' | 'I')
            && !self.is_any_before(at, 1, &["RGY", "OGY"])
        {
            self.add_both("K", "J");
            return 2;
        }
        if matches!(next, 'E' | 'I' | 'Y') || self.is_any_before(at, 1, &["AGGI", "OGGI"]) {
            if self.is_germanic_start() || self.is_any(at + 1, &["ET"]) {
                self.add("K");
            } else if self.is_any(at + 1, &["IER"]) && self.is_last(at + 3) {
                self.add("J");
            } else {
                self.add_both("J", "K");
            }
            return 2;
        }
        self.single(at, 'G', "K")
    }

    fn gh(&mut self, at: usize) -> usize {
        if at > 0 && !Self::is_vowel(self.before(at, 1)) {
            self.add("K");
            return 2;
        }
        if at == 0 {
            self.add(if self.letter(2) == 'I' { "J" } else { "K" });
            return 2;
        }
        // Silent, as in hugh, bough, broughton.
        let is_silent = (at > 1 && matches!(self.before(at, 2), 'B' | 'H' | 'D'))
            || (at > 2 && matches!(self.before(at, 3), 'B' | 'H' | 'D'))
            || (at > 3 && matches!(self.before(at, 4), 'B' | 'H'));
        if is_silent {
            return 2;
        }
        if at > 2 && self.before(at, 1) == 'U' && matches!(self.before(at, 3), 'C' | 'G' | 'L' | 'R' | 'T') {
            // As in laugh, cough, rough.
            self.add("F");
        } else if self.before(at, 1) != 'I' {
            self.add("K");
        }
        2
    }

    fn h(&mut self, at: usize) -> usize {
        // Heard first or after a vowel, before a vowel.
        if (at == 0 || Self::is_vowel(self.before(at, 1))) && Self::is_vowel(self.letter(at + 1)) {
            self.add("H");
            return 2;
        }
        1
    }

    fn j(&mut self, at: usize) -> usize {
        if self.is_any(at, &["JOSE"]) {
            self.add_both(if at == 0 { "H" } else { "J" }, "H");
            return 1;
        }
        let next = self.letter(at + 1);
        if at == 0 {
            self.add_both("J", "A");
        } else if Self::is_vowel(self.before(at, 1)) && !self.is_slavo_germanic && matches!(next, 'A' | 'O') {
            self.add_both("J", "H");
        } else if self.is_last(at) {
            self.add_both("J", "");
        } else if !matches!(next, 'L' | 'T' | 'K' | 'S' | 'N' | 'M' | 'B' | 'Z')
            && !matches!(self.before(at, 1), 'S' | 'K' | 'L')
        {
            self.add("J");
        }
        1 + usize::from(next == 'J')
    }

    fn l(&mut self, at: usize) -> usize {
        if self.letter(at + 1) != 'L' {
            self.add("L");
            return 1;
        }
        // Spanish, as in cabrillo and gallegos.
        let end = self.letters.len();
        let is_near_end = at + 3 == end && self.is_any_before(at, 1, &["ILLO", "ILLA", "ALLE"]);
        let has_spanish_end =
            self.is_any(end.saturating_sub(2), &["AS", "OS"]) || matches!(self.before(end, 1), 'A' | 'O');
        if is_near_end || (has_spanish_end && self.is_any_before(at, 1, &["ALLE"])) {
            self.add_both("L", "");
        } else {
            self.add("L");
        }
        2
    }

    fn m(&mut self, at: usize) -> usize {
        self.add("M");
        let is_dumb =
            self.is_any_before(at, 1, &["UMB"]) && (self.is_last(at + 1) || self.is_any(at + 2, &["ER"]));
        1 + usize::from(is_dumb || self.letter(at + 1) == 'M')
    }

    fn p(&mut self, at: usize) -> usize {
        if self.letter(at + 1) == 'H' {
            self.add("F");
            return 2;
        }
        self.add("P");
        1 + usize::from(matches!(self.letter(at + 1), 'P' | 'B'))
    }

    fn r(&mut self, at: usize) -> usize {
        // French, as in rogier.
        let is_french = self.is_last(at)
            && !self.is_slavo_germanic
            && self.is_any_before(at, 2, &["IE"])
            && !self.is_any_before(at, 4, &["ME", "MA"]);
        self.add_both(if is_french { "" } else { "R" }, "R");
        1 + usize::from(self.letter(at + 1) == 'R')
    }

    fn s(&mut self, at: usize) -> usize {
        if self.is_any_before(at, 1, &["ISL", "YSL"]) {
            return 1;
        }
        if at == 0 && self.is_any(0, &["SUGAR"]) {
            self.add_both("X", "S");
            return 1;
        }
        if self.is_any(at, &["SH"]) {
            let is_german = self.is_any(at + 1, &["HEIM", "HOEK", "HOLM", "HOLZ"]);
            self.add(if is_german { "S" } else { "X" });
            return 2;
        }
        if self.is_any(at, &["SIO", "SIA"]) {
            self.add_both("S", if self.is_slavo_germanic { "S" } else { "X" });
            return 3;
        }
        if (at == 0 && matches!(self.letter(1), 'M' | 'N' | 'L' | 'W')) || self.letter(at + 1) == 'Z' {
            self.add_both("S", "X");
            return 1 + usize::from(self.letter(at + 1) == 'Z');
        }
        if self.is_any(at, &["SC"]) {
            return self.sc(at);
        }
        if self.is_last(at) && self.is_any_before(at, 2, &["AI", "OI"]) {
            self.add_both("", "S");
        } else {
            self.add("S");
        }
        1 + usize::from(matches!(self.letter(at + 1), 'S' | 'Z'))
    }

    fn sc(&mut self, at: usize) -> usize {
        if self.letter(at + 2) == 'H' {
            if self.is_any(at + 3, &["OO", "ER", "EN", "UY", "ED", "EM"]) {
                if self.is_any(at + 3, &["ER", "EN"]) {
                    self.add_both("X", "SK");
                } else {
                    self.add("SK");
                }
            } else if at == 0 && !Self::is_vowel(self.letter(3)) && self.letter(3) != 'W' {
                self.add_both("X", "S");
            } else {
                self.add("X");
            }
        } else if matches!(self.letter(at + 2), 'I' | 'E' | 'Y') {
            self.add("S");
        } else {
            self.add("SK");
        }
        3
    }

    fn t(&mut self, at: usize) -> usize {
        if self.is_any(at, &["TION", "TIA", "TCH"]) {
            self.add("X");
            return 3;
        }
        if self.is_any(at, &["TH", "TTH"]) {
            if self.is_any(at + 2, &["OM", "AM"]) || self.is_germanic_start() {
                self.add("T");
            } else {
                self.add_both("0", "T");
            }
            return 2;
        }
        self.add("T");
        1 + usize::from(matches!(self.letter(at + 1), 'T' | 'D'))
    }

    fn w(&mut self, at: usize) -> usize {
        if self.is_any(at, &["WR"]) {
            self.add("R");
            return 2;
        }
        if at == 0 && (Self::is_vowel(self.letter(1)) || self.is_any(0, &["WH"])) {
            self.add_both("A", if Self::is_vowel(self.letter(1)) { "F" } else { "A" });
            return 1;
        }
        let is_slavic_end = (self.is_last(at) && Self::is_vowel(self.before(at, 1)))
            || self.is_any_before(at, 1, &["EWSKI", "EWSKY", "OWSKI", "OWSKY"])
            || self.is_any(0, &["SCH"]);
        if is_slavic_end {
            self.add_both("", "F");
            return 1;
        }
        if self.is_any(at, &["WICZ", "WITZ"]) {
            self.add_both("TS", "FX");
            return 4;
        }
        1
    }

    fn x(&mut self, at: usize) -> usize {
        // French, as in breaux.
        let is_french = self.is_last(at)
            && (self.is_any_before(at, 3, &["IAU", "EAU"]) || self.is_any_before(at, 2, &["AU", "OU"]));
        if !is_french {
            self.add("KS");
        }
        1 + usize::from(matches!(self.letter(at + 1), 'C' | 'X'))
    }

    fn z(&mut self, at: usize) -> usize {
        if self.letter(at + 1) == 'H' {
            self.add("J");
            return 2;
        }
        let is_slavic = self.is_any(at + 1, &["ZO", "ZI", "ZA"])
            || (self.is_slavo_germanic && at > 0 && self.before(at, 1) != 'T');
        self.add_both("S", if is_slavic { "TS" } else { "S" });
        1 + usize::from(self.letter(at + 1) == 'Z')
    }
}
