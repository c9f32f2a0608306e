//! The arguments of `--sweep rule=NAME threshold=1%,2%,5% for=2m,5m`.

use crate::backtest::variants::sweep::SweepRequest;

/// Reads the arguments.
///
/// # Errors
/// One of them is unknown, or there is no rule.
pub(super) fn read(arguments: &[String]) -> Result<SweepRequest, String> {
    let mut request = SweepRequest::default();
    for argument in arguments {
        let list = |values: &str| values.split(',').map(str::to_owned).collect();
        match argument.split_once('=') {
            Some(("rule", name)) => request.rule = name.to_owned(),
            Some(("threshold", values)) => request.thresholds = list(values),
            Some(("for", values)) => request.holds = list(values),
            _ => return Err(format!("--sweep takes rule=, threshold= and for=, not `{argument}`")),
        }
    }
    if request.rule.is_empty() {
        return Err("--sweep needs rule=NAME".to_owned());
    }
    Ok(request)
}

#[cfg(test)]
mod tests;
