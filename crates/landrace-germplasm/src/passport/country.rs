//! Countries by their ISO 3166-1 codes, with the codes that are no longer given out.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::HashMap;
use std::sync::LazyLock;

/// A country or territory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Country {
    /// ISO 3166-1 alpha-3.
    pub code: &'static str,
    /// ISO 3166-1 alpha-2.
    pub short_code: &'static str,
    /// Name in English.
    pub name: &'static str,
    /// Latitude and longitude of about its middle, degrees.
    pub middle: (f64, f64),
}

/// A code that was given out: the code, the name, the codes that came after, and about the middle.
type Former = (&'static str, &'static str, &'static [&'static str], (f64, f64));

/// Codes that are no longer given out: the name, the codes that came after, and about the middle.
const OBSOLETE: [Former; 16] = [
    ("ANT", "Netherlands Antilles", &["BES", "CUW", "SXM"], (12.2, -69.0)),
    ("BUR", "Burma", &["MMR"], (21.0, 96.5)),
    ("CSK", "Czechoslovakia", &["CZE", "SVK"], (49.3, 17.5)),
    ("DDR", "German Democratic Republic", &["DEU"], (52.5, 12.7)),
    ("DHY", "Dahomey", &["BEN"], (9.5, 2.3)),
    ("FXX", "France, metropolitan", &["FRA"], (46.5, 2.5)),
    ("HVO", "Upper Volta", &["BFA"], (12.5, -1.7)),
    ("NTZ", "Neutral Zone", &["IRQ", "SAU"], (29.2, 45.5)),
    ("RHO", "Southern Rhodesia", &["ZWE"], (-19.0, 29.9)),
    ("ROM", "Romania", &["ROU"], (45.9, 25.0)),
    ("SCG", "Serbia and Montenegro", &["SRB", "MNE"], (44.0, 20.6)),
    ("SUN", "USSR", &["RUS", "UKR", "KAZ", "UZB", "GEO", "ARM", "AZE", "…"], (55.0, 60.0)),
    ("TMP", "East Timor", &["TLS"], (-8.8, 125.8)),
    ("YMD", "Yemen, Democratic", &["YEM"], (15.0, 48.0)),
    ("YUG", "Yugoslavia", &["SRB", "HRV", "SVN", "BIH", "MKD", "MNE"], (44.2, 18.5)),
    ("ZAR", "Zaire", &["COD"], (-2.8, 23.6)),
];

/// Other names that passports have for a country, each for one country alone.
const OTHER_NAMES: [(&str, &str); 62] = [
    ("America", "USA"),
    ("Bolivia, Plurinational State of", "BOL"),
    ("Brasil", "BRA"),
    ("Britain", "GBR"),
    ("Brunei", "BRN"),
    ("Cape Verde", "CPV"),
    ("China, People's Republic of", "CHN"),
    ("Congo Brazzaville", "COG"),
    ("Congo Kinshasa", "COD"),
    ("Cote dIvoire", "CIV"),
    ("Czech Republic", "CZE"),
    ("Deutschland", "DEU"),
    ("Democratic Republic of the Congo", "COD"),
    ("DR Congo", "COD"),
    ("England", "GBR"),
    ("España", "ESP"),
    ("Federated States of Micronesia", "FSM"),
    ("Gambia, The", "GMB"),
    ("Great Britain", "GBR"),
    ("Holland", "NLD"),
    ("Iran, Islamic Republic of", "IRN"),
    ("Islamic Republic of Iran", "IRN"),
    ("Italia", "ITA"),
    ("Ivory Coast", "CIV"),
    ("Kyrgyz Republic", "KGZ"),
    ("Laos", "LAO"),
    ("Lao PDR", "LAO"),
    ("Libyan Arab Jamahiriya", "LBY"),
    ("Macedonia", "MKD"),
    ("Macedonia, the former Yugoslav Republic of", "MKD"),
    ("México", "MEX"),
    ("Moldova, Republic of", "MDA"),
    ("North Korea", "PRK"),
    ("Palestine", "PSE"),
    ("People's Republic of China", "CHN"),
    ("Perú", "PER"),
    ("PR China", "CHN"),
    ("Republic of Korea", "KOR"),
    ("Republic of Moldova", "MDA"),
    ("Russia", "RUS"),
    ("Scotland", "GBR"),
    ("Slovak Republic", "SVK"),
    ("South Korea", "KOR"),
    ("Swaziland", "SWZ"),
    ("Syria", "SYR"),
    ("Taiwan", "TWN"),
    ("Tanzania", "TZA"),
    ("The Bahamas", "BHS"),
    ("The Gambia", "GMB"),
    ("The Netherlands", "NLD"),
    ("Timor Leste", "TLS"),
    ("Turkey", "TUR"),
    ("UK", "GBR"),
    ("United Kingdom of Great Britain and Northern Ireland", "GBR"),
    ("United Republic of Tanzania", "TZA"),
    ("United States", "USA"),
    ("U.S.A.", "USA"),
    ("Vatican City", "VAT"),
    ("Venezuela, Bolivarian Republic of", "VEN"),
    ("Vietnam", "VNM"),
    ("Wales", "GBR"),
    ("West Germany", "DEU"),
];

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        let mut next = || cells.next().unwrap_or_default();
        let (code, short_code, name) = (next(), next(), next());
        let mut degrees = || next().parse().unwrap_or(0.0);
        Country { code, short_code, name, middle: (degrees(), degrees()) }
    };
    include_str!("countries.tsv").lines().map(row).collect()
});

static BY_NAME: LazyLock<HashMap<String, &'static Country>> = LazyLock::new(|| {
    let mut names: HashMap<String, &'static Country> = HashMap::new();
    for country in COUNTRIES.iter() {
        names.insert(bare(country.name), country);
        names.insert(country.short_code.to_owned(), country);
    }
    for (name, code) in OTHER_NAMES {
        if let Some(country) = by_code(code) {
            names.insert(bare(name), country);
        }
    }
    names
});

/// Letters alone, in capitals and without accents.
fn bare(name: &str) -> String {
    crate::names::clean(name).replace(' ', "")
}

/// All that have a code now, by code.
pub fn all() -> &'static [Country] {
    &COUNTRIES
}

/// The country of an alpha-3 code that is given out now.
pub fn by_code(code: &str) -> Option<&'static Country> {
    COUNTRIES.binary_search_by(|country| country.code.cmp(code)).ok().map(|at| &COUNTRIES[at])
}

/// The country of a name, in English or as it is often written, or of an alpha-2 code in capitals.
pub fn by_name(name: &str) -> Option<&'static Country> {
    let is_code = name.len() == 2 && !name.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { None } else { BY_NAME.get(&bare(name)).copied() }
}

/// Name and successors of a code that is no longer given out.
pub fn obsolete(code: &str) -> Option<(&'static str, &'static [&'static str])> {
    OBSOLETE.iter().find(|own| own.0 == code).map(|own| (own.1, own.2))
}

/// Name of a code, old ones too.
pub fn name_of(code: &str) -> Option<&'static str> {
    by_code(code).map(|country| country.name).or_else(|| obsolete(code).map(|own| own.0))
}

/// About the middle of a country by code, old ones too: latitude and longitude in degrees.
pub fn middle_of(code: &str) -> Option<(f64, f64)> {
    let old = || OBSOLETE.iter().find(|own| own.0 == code).map(|own| own.3);
    by_code(code).map(|country| country.middle).or_else(old)
}

/// What to write in place of what is no code: the nearest name's code.
pub fn nearest(text: &str) -> Option<&'static Country> {
    let near = landrace_genome::nearest::nearest(text, COUNTRIES.iter().map(|country| country.name))?;
    by_name(near)
}
