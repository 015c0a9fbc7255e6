//! Limits how many items one account can place in a list.

use std::{collections::HashMap, hash::Hash};

/// Each item with its number among those of the same key, from 1 on.
pub(crate) fn ranked<T, K: Eq + Hash>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> K,
) -> impl Iterator<Item = (usize, T)> {
    let mut counts = HashMap::<K, usize>::new();
    items.into_iter().map(move |item| {
        let count = counts.entry(key(&item)).or_default();
        *count += 1;
        (*count, item)
    })
}

/// The first items of each key, at most `most`.
pub(crate) fn first_of_each<T, K: Eq + Hash>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> K,
    most: usize,
) -> Vec<T> {
    ranked(items, key).filter(|(rank, _)| *rank <= most).map(|(_, item)| item).collect()
}
