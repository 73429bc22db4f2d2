//! From what the compiler said to what is reported: completes problems and judges their fixes.

use crate::{
    fixes::{self, Draft},
    oracle::Oracle,
    problem::{Fix, Problem},
    recognise::complete,
    sources::Sources,
};

/// Explains the problems of one state of the texts.
pub(super) struct Explainer<'a> {
    pub(super) oracle: &'a Oracle,
    pub(super) sources: &'a Sources,
    /// Whether the compiler is asked.
    pub(super) verify: bool,
    /// Why it could not be asked, each reason once.
    pub(super) doubts: Vec<String>,
}

impl Explainer<'_> {
    /// Completes a problem and judges its fixes; `None` when the compiler, asked closer, says
    /// that the future is `Send` after all. What the compiler cannot be asked about is reported
    /// as far as it was understood, with fixes that say so.
    pub(super) async fn explain(&mut self, found: &Problem) -> Option<Problem> {
        let mut problem = found.clone();
        complete(&mut problem, self.sources);
        if !self.verify {
            problem.fixes = unchecked(&problem, self.sources);
            return Some(problem);
        }
        match self.oracle.examine(found, self.sources).await {
            Ok(Some(examined)) => problem = examined,
            Ok(None) => return None,
            Err(error) => self.doubt(&error),
        }
        match self.oracle.judge(&problem, self.sources, &mut |_| {}).await {
            Ok(fixes) => problem.fixes = fixes,
            Err(error) => {
                self.doubt(&error);
                problem.fixes = unchecked(&problem, self.sources);
            }
        }
        Some(problem)
    }

    fn doubt(&mut self, error: &anyhow::Error) {
        let doubt = format!("{error:#}");
        if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }
}

/// Fixes that nobody has asked the compiler about. Those that count on the compiler to finish
/// them are left out: half a change of type helps nobody.
fn unchecked(problem: &Problem, sources: &Sources) -> Vec<Fix> {
    fixes::drafts(problem, sources)
        .into_iter()
        .filter(|draft| draft.repairs.is_empty())
        .filter_map(Draft::unchecked)
        .collect()
}
