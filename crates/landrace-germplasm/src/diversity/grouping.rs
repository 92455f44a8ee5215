//! Which group each sample belongs to, and which region each group.

use landrace_genotypes::GenotypeError;

/// Samples in groups, and groups in regions (groups of groups) if there are any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    /// Names of the groups, in the order in which the samples show them.
    pub names: Vec<String>,
    /// The group of each sample; `None` leaves the sample out.
    pub of_samples: Vec<Option<usize>>,
    /// Names of the regions; empty without them.
    pub regions: Vec<String>,
    /// The region of each group; as long as `names`, or empty.
    pub region_of: Vec<usize>,
}

impl Grouping {
    /// All samples as one group.
    pub fn whole(samples: usize) -> Self {
        Self { names: vec!["all".to_owned()], of_samples: vec![Some(0); samples], ..Self::default() }
    }

    /// Groups by the cells of a column, one a sample; samples without a cell are left out.
    ///
    /// # Errors
    /// Returns an error if no sample has a cell.
    pub fn by_cells(cells: &[Option<String>]) -> Result<Self, GenotypeError> {
        let mut out = Self::default();
        for cell in cells {
            out.of_samples.push(cell.as_ref().map(|name| place(&mut out.names, name)));
        }
        if out.names.is_empty() {
            let message = "no sample has a group; fill in the column, or name another one";
            return Err(GenotypeError::Request(message.to_owned()));
        }
        Ok(out)
    }

    /// Puts the groups into regions by the cells of another column, one a sample.
    ///
    /// # Errors
    /// Returns an error if a group has no region, or lies in two.
    pub fn within(mut self, cells: &[Option<String>]) -> Result<Self, GenotypeError> {
        let mut found: Vec<Option<usize>> = vec![None; self.names.len()];
        for (group, cell) in self.of_samples.iter().zip(cells) {
            let (Some(group), Some(name)) = (*group, cell) else { continue };
            let region = place(&mut self.regions, name);
            match found[group] {
                Some(other) if other != region => {
                    return Err(GenotypeError::Request(format!(
                        "group '{}' lies in '{}' and in '{name}'; name a column of --within that holds one value for \
                         all samples of a group",
                        self.names[group], self.regions[other]
                    )));
                }
                _ => found[group] = Some(region),
            }
        }
        for (group, region) in found.iter().enumerate() {
            self.region_of.push(region.ok_or_else(|| {
                GenotypeError::Request(format!(
                    "group '{}' has no value in the column of --within; fill it in",
                    self.names[group]
                ))
            })?);
        }
        Ok(self)
    }

    /// Number of groups.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no groups.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Samples of each group.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.names.len()];
        self.of_samples.iter().flatten().for_each(|&group| sizes[group] += 1);
        sizes
    }

    /// Pairs of groups: (0, 1), (0, 2) ... (1, 2) ...
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        let n = self.names.len();
        (0..n).flat_map(|first| (first + 1..n).map(move |second| (first, second))).collect()
    }
}

fn place(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(list: &[&str]) -> Vec<Option<String>> {
        list.iter().map(|cell| (!cell.is_empty()).then(|| (*cell).to_owned())).collect()
    }

    #[test]
    fn groups_come_in_the_order_of_the_samples() {
        let grouping = Grouping::by_cells(&cells(&["b", "a", "", "b"])).unwrap();
        assert_eq!(grouping.names, ["b", "a"]);
        assert_eq!(grouping.of_samples, [Some(0), Some(1), None, Some(0)]);
        assert_eq!((grouping.sizes(), grouping.pairs()), (vec![2, 1], vec![(0, 1)]));
        let nested = grouping.clone().within(&cells(&["x", "x", "y", "x"])).unwrap();
        assert_eq!((nested.regions, nested.region_of), (vec!["x".to_owned()], vec![0, 0]));
        let message = |list: &[&str]| grouping.clone().within(&cells(list)).unwrap_err().to_string();
        assert!(message(&["x", "x", "y", "z"]).contains("group 'b' lies in 'x' and in 'z'"));
        assert!(message(&["x", "", "y", "x"]).contains("group 'a' has no value"));
        assert!(
            Grouping::by_cells(&cells(&["", ""])).unwrap_err().to_string().contains("no sample has a group")
        );
    }
}
