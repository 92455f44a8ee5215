//! Where accessions are from, as points of a map.

#![deny(clippy::cast_possible_truncation, clippy::too_many_lines, clippy::too_many_arguments)]

use std::collections::BTreeMap;

use super::{Passport, country};

/// Points that a map shows before near ones are put together.
const POINTS: usize = 2000;

/// A point of the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The accession, or the country and how many accessions.
    pub label: String,
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// Whether the place is known; else the point is about the middle of the country.
    pub is_site: bool,
}

/// The places of all accessions: the site where it is known, else the country. Of more than 2,000 sites those within a
/// degree are one point. The second is how many accessions have neither.
pub fn origins(passport: &Passport) -> (Vec<Origin>, usize) {
    let mut sites = Vec::new();
    let mut countries: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unknown = 0;
    for (_, row) in &passport.rows {
        let degrees = |name: &str, limit: f64| {
            passport.get(row, name).parse::<f64>().ok().filter(|value| value.abs() <= limit)
        };
        let place = degrees("DECLATITUDE", 90.0).zip(degrees("DECLONGITUDE", 180.0));
        let code = passport.get(row, "ORIGCTY");
        match place.filter(|place| *place != (0.0, 0.0)) {
            Some((latitude, longitude)) => {
                let label = passport.get(row, "ACCENUMB").to_owned();
                sites.push(Origin { label, latitude, longitude, is_site: true });
            }
            None if country::middle_of(code).is_some() => *countries.entry(code).or_default() += 1,
            None => unknown += 1,
        }
    }
    if sites.len() > POINTS {
        sites = together(&sites);
    }
    let middle = |(code, count): (&str, usize)| {
        let (latitude, longitude) = country::middle_of(code)?;
        let label = format!("{}: {count}", country::name_of(code).unwrap_or(code));
        Some(Origin { label, latitude, longitude, is_site: false })
    };
    sites.extend(countries.into_iter().filter_map(middle));
    (sites, unknown)
}

/// Countries about whose middle a map of the origins can be read: their codes and middles.
pub fn landmarks(origins: &[Origin]) -> Vec<(&'static str, f64, f64)> {
    let range = |value: fn(&Origin) -> f64| {
        let values = origins.iter().map(value);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let room = (high - low) * 0.1 + 8.0;
        low - room..=high + room
    };
    let (latitudes, longitudes) = (range(|own| own.latitude), range(|own| own.longitude));
    let near = country::all()
        .iter()
        .filter(|own| latitudes.contains(&own.middle.0) && longitudes.contains(&own.middle.1));
    near.map(|own| (own.code, own.middle.0, own.middle.1)).collect()
}

/// One point for all sites of a square degree, at their mean.
fn together(sites: &[Origin]) -> Vec<Origin> {
    let mut cells: BTreeMap<(i64, i64), Vec<&Origin>> = BTreeMap::new();
    for site in sites {
        // Degrees are within ±180.
        #[expect(clippy::cast_possible_truncation, reason = "degrees are within ±180")]
        let cell = (site.latitude.floor() as i64, site.longitude.floor() as i64);
        cells.entry(cell).or_default().push(site);
    }
    let point = |own: Vec<&Origin>| {
        let n = own.len() as f64;
        let mean = |of: fn(&Origin) -> f64| own.iter().map(|site| of(site)).sum::<f64>() / n;
        let label = match own.as_slice() {
            [site] => site.label.clone(),
            _ => format!("{} and {} more", own[0].label, own.len() - 1),
        };
        Origin { label, latitude: mean(|s| s.latitude), longitude: mean(|s| s.longitude), is_site: true }
    };
    cells.into_values().map(point).collect()
}
