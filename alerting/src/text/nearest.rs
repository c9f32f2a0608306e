//! The name that somebody meant who wrote another one.

/// The candidate that is most like a name; `None` when none is like it. Case does not count.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.trim().to_lowercase();
    // A letter that is wrong, missing, too many or swapped, and another one for every four.
    let most = 1 + name.chars().count() / 4;
    let distance = |it: &str| strsim::damerau_levenshtein(&name, &it.to_lowercase());
    let near = candidates.into_iter().map(|candidate| (distance(candidate), candidate));
    let near = near.filter(|(distance, candidate)| {
        *distance <= most && *distance < candidate.chars().count().max(1)
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// A question after the name of the nearest candidate, for the end of a message; empty without one.
#[must_use]
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, candidates).map_or_else(String::new, |it| format!("; did you mean `{it}`?"))
}

#[cfg(test)]
mod tests;
