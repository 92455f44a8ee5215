//! `/germplasm`: what a passport says, in BrAPI's words.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::{HashMap, HashSet};

use landrace_genome::file::{FileError, Output};
use serde_json::{Value, json};

use super::{text, write_pages};
use crate::passport::Passport;
use crate::passport::descriptor::{SAMPSTAT, STORAGE};

/// Descriptors that have a place of their own in BrAPI; the others go to `additionalInfo`.
const PLACED: [&str; 25] = [
    "PUID",
    "INSTCODE",
    "ACCENUMB",
    "ACCENAME",
    "OTHERNUMB",
    "GENUS",
    "SPECIES",
    "SPAUTHOR",
    "SUBTAXA",
    "SUBTAUTHOR",
    "CROPNAME",
    "ACQDATE",
    "ORIGCTY",
    "DECLATITUDE",
    "DECLONGITUDE",
    "COORDUNCERT",
    "SAMPSTAT",
    "ANCEST",
    "DONORCODE",
    "DONORNUMB",
    "STORAGE",
    "ACCEURL",
    "COLLSRC",
    "INSTNAME",
    "COLLNUMB",
];

/// `germplasmDbId` of each accession: its number, or institute and number where several institutes use the number.
pub struct Identifiers {
    own: Vec<String>,
    by_number: HashMap<String, usize>,
}

impl Identifiers {
    /// Of all accessions.
    pub fn of(passport: &Passport) -> Self {
        let number = |row: &[String]| passport.get(row, "ACCENUMB").to_owned();
        let (mut seen, mut twice) = (HashSet::new(), HashSet::new());
        for (_, row) in &passport.rows {
            if !seen.insert(number(row)) {
                twice.insert(number(row));
            }
        }
        let of_row = |(_, row): &(u64, Vec<String>)| match twice.contains(&number(row)) {
            true => format!("{}:{}", passport.get(row, "INSTCODE"), number(row)),
            false => number(row),
        };
        let numbers = passport.rows.iter().enumerate().map(|(index, (_, row))| (number(row), index));
        Self {
            own: passport.rows.iter().map(of_row).collect(),
            by_number: numbers.filter(|(number, _)| !number.is_empty() && !twice.contains(number)).collect(),
        }
    }

    /// Of the accession that a sample is named after; `None` if no accession, or more than one, has that number.
    pub fn of_sample(&self, sample: &str) -> Option<&str> {
        self.by_number.get(sample).map(|&index| self.own[index].as_str())
    }
}

/// Writes the accessions.
///
/// # Errors
/// Returns an error that names the file that cannot be written.
pub fn write_germplasm(
    passport: &Passport,
    identifiers: &Identifiers,
    out: &Output,
) -> Result<(), FileError> {
    let rows = passport.rows.iter().zip(&identifiers.own);
    let records: Vec<Value> = rows.map(|((_, row), id)| record(passport, row, id)).collect();
    write_pages(out, "germplasm", &records)
}

fn record(passport: &Passport, row: &[String], id: &str) -> Value {
    let get = |name: &str| passport.get(row, name);
    let name = if get("ACCENAME").is_empty() { get("ACCENUMB") } else { get("ACCENAME") };
    let first = name.split(';').next().unwrap_or(name).trim();
    json!({
        "germplasmDbId": id,
        "germplasmName": first,
        "defaultDisplayName": first,
        "germplasmPUI": text(get("PUID")),
        "accessionNumber": text(get("ACCENUMB")),
        "instituteCode": text(get("INSTCODE")),
        "instituteName": text(get("INSTNAME")),
        "commonCropName": text(get("CROPNAME")),
        "genus": text(get("GENUS")),
        "species": text(get("SPECIES")),
        "speciesAuthority": text(get("SPAUTHOR")),
        "subtaxa": text(get("SUBTAXA")),
        "subtaxaAuthority": text(get("SUBTAUTHOR")),
        "countryOfOriginCode": text(get("ORIGCTY")),
        "acquisitionDate": date(get("ACQDATE")),
        "biologicalStatusOfAccessionCode": text(get("SAMPSTAT")),
        "biologicalStatusOfAccessionDescription": title(SAMPSTAT, get("SAMPSTAT")),
        "pedigree": text(get("ANCEST")),
        "seedSource": text(get("COLLNUMB")),
        "collection": Value::Null,
        "documentationURL": text(get("ACCEURL")),
        "donors": donors(get("DONORCODE"), get("DONORNUMB")),
        "germplasmOrigin": origin(get("DECLATITUDE"), get("DECLONGITUDE"), get("COORDUNCERT")),
        "storageTypes": storage(get("STORAGE")),
        "synonyms": synonyms(name, get("OTHERNUMB")),
        "additionalInfo": others(passport, row),
    })
}

/// `19830401` as `1983-04-01`; null where day or month is not known, for BrAPI's dates are whole.
fn date(value: &str) -> Value {
    let is_whole = value.len() == 8 && value.bytes().all(|b| b.is_ascii_digit());
    if !is_whole || &value[4..6] == "00" || &value[6..] == "00" {
        return Value::Null;
    }
    format!("{}-{}-{}", &value[..4], &value[4..6], &value[6..]).into()
}

fn title(codes: &[(&str, &str)], value: &str) -> Value {
    codes.iter().find(|(code, _)| *code == value).map_or(Value::Null, |(_, title)| (*title).into())
}

fn donors(code: &str, number: &str) -> Value {
    if code.is_empty() && number.is_empty() {
        return json!([]);
    }
    json!([{ "donorInstituteCode": text(code), "donorAccessionNumber": text(number) }])
}

/// The place of collection as GeoJSON, longitude first.
fn origin(latitude: &str, longitude: &str, uncertainty: &str) -> Value {
    let degrees = |text: &str, most: f64| text.parse::<f64>().ok().filter(|value| value.abs() <= most);
    let Some((latitude, longitude)) = degrees(latitude, 90.0).zip(degrees(longitude, 180.0)) else {
        return json!([]);
    };
    let point = json!({ "type": "Point", "coordinates": [longitude, latitude] });
    json!([{
        "coordinateUncertainty": text(uncertainty),
        "coordinates": { "type": "Feature", "geometry": point },
    }])
}

fn storage(codes: &str) -> Value {
    let codes = codes.split(';').map(str::trim).filter(|code| !code.is_empty());
    codes.map(|code| json!({ "code": code, "description": title(STORAGE, code) })).collect()
}

/// Further names, and numbers of other institutes.
fn synonyms(names: &str, numbers: &str) -> Value {
    let split = |text: &str| text.split(';').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
    let names = split(names).into_iter().skip(1).map(|name| (name, "name"));
    let all = names.chain(split(numbers).into_iter().map(|number| (number, "other number")));
    let all = all.filter(|(value, _)| !value.is_empty());
    all.map(|(value, kind)| json!({ "synonym": value, "type": kind })).collect()
}

/// What has no place of its own, by the column's name.
fn others(passport: &Passport, row: &[String]) -> Value {
    let columns = passport.columns.iter().zip(row);
    let left = columns.filter(|(column, value)| {
        !value.is_empty() && !column.descriptor.is_some_and(|own| PLACED.contains(&own.name))
    });
    left.map(|(column, value)| (column.name.clone(), Value::from(value.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
