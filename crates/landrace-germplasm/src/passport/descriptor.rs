//! The descriptors of the FAO/Bioversity Multi-Crop Passport Descriptors, version 2.1 (2015), with those that EURISCO
//! adds, and their codes.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

/// What a descriptor's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// Identifiers and names, several separated by `;`.
    Names,
    /// The accession's number.
    Accession,
    /// One FAO WIEWS code of an institute.
    Institute,
    /// Several of them.
    Institutes,
    /// `INSTCODE:number`, several.
    OtherNumbers,
    /// A genus.
    Genus,
    /// A species epithet.
    Species,
    /// `YYYYMMDD`.
    Date,
    /// A country's ISO 3166-1 alpha-3 code.
    Country,
    /// Decimal degrees between minus and plus this.
    Degrees(u8),
    /// `DDMMSSH` or `DDDMMSSH`: digits of the degrees, and the letters of the hemispheres.
    Sexagesimal(u8, char, char),
    /// Whole metres, from to.
    Metres(i32, i32),
    /// One code of a list.
    Code(&'static [(&'static str, &'static str)]),
    /// Several codes of a list.
    Codes(&'static [(&'static str, &'static str)]),
    /// An address of the web.
    Url,
}

/// A descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number in the standard; empty for those of EURISCO.
    pub number: &'static str,
    /// Its name, as headers have it.
    pub name: &'static str,
    /// What it is, in words.
    pub title: &'static str,
    /// What its values are.
    pub form: Form,
}

const fn of(number: &'static str, name: &'static str, title: &'static str, form: Form) -> Descriptor {
    Descriptor { number, name, title, form }
}

/// Biological status of the accession.
pub const SAMPSTAT: &[(&str, &str)] = &[
    ("100", "Wild"),
    ("110", "Natural"),
    ("120", "Semi-natural/wild"),
    ("130", "Semi-natural/sown"),
    ("200", "Weedy"),
    ("300", "Traditional cultivar/landrace"),
    ("400", "Breeding/research material"),
    ("410", "Breeder's line"),
    ("411", "Synthetic population"),
    ("412", "Hybrid"),
    ("413", "Founder stock/base population"),
    ("414", "Inbred line"),
    ("415", "Segregating population"),
    ("416", "Clonal selection"),
    ("420", "Genetic stock"),
    ("421", "Mutant"),
    ("422", "Cytogenetic stock"),
    ("423", "Other genetic stock"),
    ("500", "Advanced or improved cultivar"),
    ("600", "GMO"),
    ("999", "Other"),
];

/// Where it was collected or acquired.
pub const COLLSRC: &[(&str, &str)] = &[
    ("10", "Wild habitat"),
    ("11", "Forest or woodland"),
    ("12", "Shrubland"),
    ("13", "Grassland"),
    ("14", "Desert or tundra"),
    ("15", "Aquatic habitat"),
    ("20", "Farm or cultivated habitat"),
    ("21", "Field"),
    ("22", "Orchard"),
    ("23", "Backyard, kitchen or home garden"),
    ("24", "Fallow land"),
    ("25", "Pasture"),
    ("26", "Farm store"),
    ("27", "Threshing floor"),
    ("28", "Park"),
    ("30", "Market or shop"),
    ("40", "Institute, experimental station, research organization or genebank"),
    ("50", "Seed company"),
    ("60", "Weedy, disturbed or ruderal habitat"),
    ("61", "Roadside"),
    ("62", "Field margin"),
    ("99", "Other"),
];

/// How the seed is kept.
pub const STORAGE: &[(&str, &str)] = &[
    ("10", "Seed collection"),
    ("11", "Short term"),
    ("12", "Medium term"),
    ("13", "Long term"),
    ("20", "Field collection"),
    ("30", "In vitro collection"),
    ("40", "Cryopreserved collection"),
    ("50", "DNA collection"),
    ("99", "Other"),
];

/// Whether it is in the Multilateral System of the Treaty.
pub const MLSSTAT: &[(&str, &str)] = &[("0", "No"), ("1", "Yes"), ("99", "Other")];

/// Whether it is in A European Genebank Integrated System.
pub const AEGISSTAT: &[(&str, &str)] = &[("0", "No"), ("1", "Yes")];

/// Words for codes that mean one code alone, beside the codes' own titles.
pub const OTHER_WORDS: [(&str, &str, &str); 12] = [
    ("SAMPSTAT", "LANDRACE", "300"),
    ("SAMPSTAT", "TRADITIONAL CULTIVAR", "300"),
    ("SAMPSTAT", "BREEDERS LINE", "410"),
    ("SAMPSTAT", "BREEDING LINE", "410"),
    ("SAMPSTAT", "BREEDING MATERIAL", "400"),
    ("SAMPSTAT", "RESEARCH MATERIAL", "400"),
    ("SAMPSTAT", "ADVANCED CULTIVAR", "500"),
    ("SAMPSTAT", "IMPROVED CULTIVAR", "500"),
    ("SAMPSTAT", "CULTIVAR IMPROVED", "500"),
    ("SAMPSTAT", "INDUCED MUTANT", "421"),
    ("MLSSTAT", "FALSE", "0"),
    ("MLSSTAT", "TRUE", "1"),
];

/// All descriptors, in the order of the standard.
pub const DESCRIPTORS: [Descriptor; 45] = [
    of("0", "PUID", "Persistent unique identifier", Form::Text),
    of("1", "INSTCODE", "Institute code", Form::Institute),
    of("2", "ACCENUMB", "Accession number", Form::Accession),
    of("3", "COLLNUMB", "Collecting number", Form::Text),
    of("4", "COLLCODE", "Collecting institute code", Form::Institutes),
    of("4.1", "COLLNAME", "Collecting institute name", Form::Names),
    of("4.1.1", "COLLINSTADDRESS", "Collecting institute address", Form::Names),
    of("4.2", "COLLMISSID", "Collecting mission identifier", Form::Text),
    of("5", "GENUS", "Genus", Form::Genus),
    of("6", "SPECIES", "Species", Form::Species),
    of("7", "SPAUTHOR", "Species authority", Form::Text),
    of("8", "SUBTAXA", "Subtaxon", Form::Text),
    of("9", "SUBTAUTHOR", "Subtaxon authority", Form::Text),
    of("10", "CROPNAME", "Common crop name", Form::Text),
    of("11", "ACCENAME", "Accession name", Form::Names),
    of("12", "ACQDATE", "Acquisition date", Form::Date),
    of("13", "ORIGCTY", "Country of origin", Form::Country),
    of("14", "COLLSITE", "Location of collecting site", Form::Text),
    of("15.1", "DECLATITUDE", "Latitude of collecting site (decimal degrees)", Form::Degrees(90)),
    of(
        "15.2",
        "LATITUDE",
        "Latitude of collecting site (degrees, minutes, seconds)",
        Form::Sexagesimal(2, 'N', 'S'),
    ),
    of("15.3", "DECLONGITUDE", "Longitude of collecting site (decimal degrees)", Form::Degrees(180)),
    of(
        "15.4",
        "LONGITUDE",
        "Longitude of collecting site (degrees, minutes, seconds)",
        Form::Sexagesimal(3, 'E', 'W'),
    ),
    of("15.5", "COORDUNCERT", "Coordinate uncertainty", Form::Metres(0, 20_040_000)),
    of("15.6", "COORDDATUM", "Coordinate datum", Form::Text),
    of("15.7", "GEOREFMETH", "Georeferencing method", Form::Text),
    of("16", "ELEVATION", "Elevation of collecting site", Form::Metres(-500, 9000)),
    of("17", "COLLDATE", "Collecting date of sample", Form::Date),
    of("18", "BREDCODE", "Breeding institute code", Form::Institutes),
    of("18.1", "BREDNAME", "Breeding institute name", Form::Names),
    of("19", "SAMPSTAT", "Biological status of accession", Form::Code(SAMPSTAT)),
    of("20", "ANCEST", "Ancestral data", Form::Text),
    of("21", "COLLSRC", "Collecting/acquisition source", Form::Code(COLLSRC)),
    of("22", "DONORCODE", "Donor institute code", Form::Institute),
    of("22.1", "DONORNAME", "Donor institute name", Form::Text),
    of("23", "DONORNUMB", "Donor accession number", Form::Text),
    of("24", "OTHERNUMB", "Other identifiers associated with the accession", Form::OtherNumbers),
    of("25", "DUPLSITE", "Location of safety duplicates", Form::Institutes),
    of("25.1", "DUPLINSTNAME", "Institute maintaining safety duplicates", Form::Names),
    of("26", "STORAGE", "Type of germplasm storage", Form::Codes(STORAGE)),
    of("27", "MLSSTAT", "MLS status of the accession", Form::Code(MLSSTAT)),
    of("28", "REMARKS", "Remarks", Form::Text),
    of("", "NICODE", "National inventory code", Form::Country),
    of("", "ACCEURL", "Accession URL", Form::Url),
    of("", "AEGISSTAT", "AEGIS status", Form::Code(AEGISSTAT)),
    of("", "HISTORIC", "Historic record", Form::Code(AEGISSTAT)),
];

/// Names of earlier versions and of other tables that mean one descriptor.
const OTHER_NAMES: [(&str, &str); 18] = [
    ("COLLDESCR", "COLLNAME"),
    ("BREDDESCR", "BREDNAME"),
    ("DONORDESCR", "DONORNAME"),
    ("DUPLDESCR", "DUPLINSTNAME"),
    ("COLLINST", "COLLCODE"),
    ("LATITUDED", "DECLATITUDE"),
    ("LONGITUDED", "DECLONGITUDE"),
    ("LATITUDE DECIMAL", "DECLATITUDE"),
    ("LONGITUDE DECIMAL", "DECLONGITUDE"),
    ("DECIMAL LATITUDE", "DECLATITUDE"),
    ("DECIMAL LONGITUDE", "DECLONGITUDE"),
    ("DOI", "PUID"),
    ("CROP NAME", "CROPNAME"),
    ("COUNTRY OF ORIGIN CODE", "ORIGCTY"),
    ("ORIGIN COUNTRY", "ORIGCTY"),
    ("BIOLOGICAL STATUS", "SAMPSTAT"),
    ("STORAGE TYPE", "STORAGE"),
    ("MLS STATUS", "MLSSTAT"),
];

/// The descriptor of a name.
pub fn by_name(name: &str) -> Option<&'static Descriptor> {
    DESCRIPTORS.iter().find(|descriptor| descriptor.name == name)
}

/// The descriptor that a header means for certain: its name or title, letter case and punctuation aside, or a name that
/// an earlier version had.
pub fn by_header(header: &str) -> Option<&'static Descriptor> {
    let bare = |text: &str| -> String {
        text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_uppercase).collect()
    };
    let own = bare(header);
    let is_it = |text: &str| !own.is_empty() && bare(text) == own;
    let other = || OTHER_NAMES.iter().find(|(name, _)| is_it(name)).and_then(|(_, name)| by_name(name));
    DESCRIPTORS
        .iter()
        .find(|descriptor| is_it(descriptor.name))
        .or_else(|| DESCRIPTORS.iter().find(|descriptor| is_it(descriptor.title)))
        .or_else(other)
}
