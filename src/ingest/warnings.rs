//! What is odd in a file, said a bounded number of times.

/// As many are listed; the others are counted.
const MAX_LISTED: usize = 20;

/// Warnings about one file.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    listed: Vec<String>,
    n_others: usize,
}

impl Warnings {
    pub(super) fn add(&mut self, warning: impl Into<String>) {
        if self.listed.len() < MAX_LISTED {
            self.listed.push(warning.into());
        } else {
            self.n_others += 1;
        }
    }

    pub(super) fn into_vec(mut self) -> Vec<String> {
        if self.n_others > 0 {
            self.listed.push(format!("{} more of this kind", self.n_others));
        }
        self.listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_warnings_are_counted() {
        let mut warnings = Warnings::default();
        (0..25).for_each(|n| warnings.add(format!("w{n}")));
        let warnings = warnings.into_vec();
        assert_eq!((warnings.len(), warnings[20].as_str()), (21, "5 more of this kind"));
    }
}
