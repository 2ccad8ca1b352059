//! Groups by the beginning of their name: all for operators, and those of the directory for users.
//!
//! The index compares names in lower case, but maps only ASCII letters, because the databases
//! disagree about all others. So a prefix with other letters becomes several ranges of the index,
//! one for each way to write them, and the rest is compared here.

use groups_domain::{Group, Preview, UserId};

use super::access::banning;
use super::names::beyond;
use super::statements::GroupSql;
use crate::column::Id;
use crate::connection::{Connection, RunQueryDsl};
use crate::page::{FoundGroups, FoundPreviews, NameKey, PAGE_BYTES_MAX, group_bytes};
use crate::query_error::{QueryError, reading};
use crate::row::GroupRow;
use crate::row_set::{NameRanges, RowSet, With};

/// Maximum number of index ranges of one search. A prefix with more ways to write it is cut off
/// before the letter that exceeds this, and its rest is compared row by row.
const RANGES_MAX: usize = 16;

/// Rows read at once.
const ROWS_PER_STEP: i64 = 128;

/// Maximum number of rows that one search reads. Beyond it, the page ends early, with a `next`.
const ROWS_READ_MAX: usize = 4_096;

/// `names` of the index ranges, ascending: all keys that start with the prefix start with one of
/// these.
fn key_prefixes(prefix: &str) -> Vec<String> {
    let mut prefixes = vec![String::new()];
    for letter in prefix.chars() {
        let mut spellings: Vec<char> = if letter.is_ascii() {
            vec![letter.to_ascii_lowercase()]
        } else {
            let single = |mut mapped: Box<dyn Iterator<Item = char>>| mapped.next().filter(|_| mapped.next().is_none());
            let (lower, upper) = (single(Box::new(letter.to_lowercase())), single(Box::new(letter.to_uppercase())));
            [Some(letter), lower, upper].into_iter().flatten().map(|letter| letter.to_ascii_lowercase()).collect()
        };
        spellings.sort_unstable();
        spellings.dedup();
        if prefixes.len() * spellings.len() > RANGES_MAX {
            break;
        }
        let longer = prefixes.iter().flat_map(|prefix| spellings.iter().map(move |letter| format!("{prefix}{letter}")));
        prefixes = longer.collect();
    }
    // The bytes of UTF-8 sort like the characters.
    prefixes.sort_unstable();
    prefixes
}

/// The groups whose name starts with the prefix, ignoring case, ordered by name.
pub(crate) async fn groups<C: Connection>(
    conn: &mut C,
    prefix: String,
    after: Option<NameKey>,
    limit: u32,
) -> Result<FoundGroups, QueryError> {
    search(conn, C::GROUPS_OF_NAME_RANGE, prefix, after, limit).await
}

/// The groups of the directory whose name starts with the prefix, as the user sees them.
pub(crate) async fn directory<C: Connection>(
    conn: &mut C,
    user: UserId,
    prefix: String,
    after: Option<NameKey>,
    limit: u32,
) -> Result<FoundPreviews, QueryError> {
    let FoundGroups { groups, next } = search(conn, C::DIRECTORY_OF_NAME_RANGE, prefix, after, limit).await?;
    let banning = banning(conn, user, groups.iter().map(|group| group.group_id).collect()).await?;
    let visible = groups.iter().filter(|group| !banning.contains(&group.group_id));
    Ok(FoundPreviews { groups: visible.map(Preview::from).collect(), next })
}

async fn search<C: Connection>(
    conn: &mut C,
    statement: &'static str,
    prefix: String,
    after: Option<NameKey>,
    limit: u32,
) -> Result<FoundGroups, QueryError> {
    let (wanted, limit) = (prefix.to_lowercase(), limit.max(1) as usize);
    let (mut found, mut bytes, mut read) = (Vec::<Group>::new(), 0, 0);
    let mut after = after.unwrap_or_default();
    for start in key_prefixes(&prefix) {
        let end = beyond(&start);
        loop {
            let range = (start.clone(), end.clone(), after.name.clone(), Id(after.id), ROWS_PER_STEP);
            let range = NameRanges::chunks([range]).into_iter().next().unwrap_or_default();
            let of_range = With::<_, GroupSql>::select(range, statement);
            let rows: Vec<GroupRow> = of_range.load(conn).await.map_err(reading("groups"))?;
            let more = i64::try_from(rows.len()).is_ok_and(|count| count == ROWS_PER_STEP);
            for row in rows {
                let (key, matches) = (NameKey::of(&row), row.name.to_lowercase().starts_with(&wanted));
                if matches {
                    let group = row.into_group()?;
                    bytes += group_bytes(&group);
                    if found.len() == limit || (bytes > PAGE_BYTES_MAX && !found.is_empty()) {
                        return Ok(FoundGroups { groups: found, next: Some(after) });
                    }
                    found.push(group);
                }
                after = key;
                read += 1;
                if read >= ROWS_READ_MAX {
                    return Ok(FoundGroups { groups: found, next: Some(after) });
                }
            }
            if !more {
                break;
            }
        }
    }
    Ok(FoundGroups { groups: found, next: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_becomes_a_range_for_each_way_to_write_it() {
        assert_eq!(key_prefixes(""), [""]);
        assert_eq!(key_prefixes("Team 7"), ["team 7"]);
        assert_eq!(key_prefixes("ÄB"), ["Äb", "äb"]);
        assert_eq!(key_prefixes("ß"), ["ß"]);
        assert_eq!(key_prefixes("äöüéè"), key_prefixes("ÄÖÜÉè"));
        assert_eq!(key_prefixes("äöüéè").len(), RANGES_MAX);
        assert!(key_prefixes("äöüéè").is_sorted());
        // The Kelvin sign: its lower case is an ASCII letter.
        assert_eq!(key_prefixes("\u{212a}"), ["k", "\u{212a}"]);
    }
}
