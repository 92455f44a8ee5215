//! Columns as they are written: folds, families, years.

use landrace_genotypes::GenotypeError;

use super::join::Join;
use super::table::PhenotypeTable;

impl PhenotypeTable {
    /// The cell of each sample of the genotypes in a column; `None` where the table lacks the sample or the cell says
    /// that it is missing.
    ///
    /// # Errors
    /// Returns an error if there is no such column, or if rows of one sample have different cells.
    pub fn sample_cells(&self, column: &str, join: &Join) -> Result<Vec<Option<String>>, GenotypeError> {
        let column = self.column(column)?;
        let mut cells: Vec<Option<(usize, &str)>> = vec![None; self.names().len()];
        for row in 0..self.len() {
            let Some(cell) = self.known(row, column) else { continue };
            let own = &mut cells[self.name_of[row]];
            match own {
                Some((first, earlier)) if *earlier != cell => {
                    let message = format!(
                        "sample '{}' has '{cell}' here and '{earlier}' in line {}; give one a sample",
                        self.names()[self.name_of[row]],
                        self.rows[*first].0
                    );
                    return Err(self.cell_error(row, column, &message));
                }
                _ => *own = Some((row, cell)),
            }
        }
        let of = |row: &Option<usize>| row.and_then(|row| cells[row]).map(|(_, cell)| cell.to_owned());
        Ok(join.rows.iter().map(of).collect())
    }
}
