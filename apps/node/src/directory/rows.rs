//! What the database knows of listings.

use hospital_record::{
    Address,
    directory::{Listing, Query, SignedListing, folded_words},
};
use sqlx::{QueryBuilder, Row, Sqlite};

use crate::{
    columns::{signed as seconds, text},
    database::Database,
    directory::problem::Problem,
};

/// How long a listing is shown after the chain said last that somebody vouches for its account.
pub(crate) const GOOD_FOR: u64 = 600;
/// How long a listing is kept after nobody vouches for its account.
const HIDDEN_FOR: u64 = 30 * 24 * 3600;
/// How long a withdrawal is remembered: longer than a listing can be sent after it was signed.
const WITHDRAWN_FOR: u64 = 3600;
/// The most listings.
const MOST: u64 = 10_000;
/// The most names of the node under which one account is listed.
const MOST_HOSTS: i64 = 4;
/// The length of the name by which listings are ordered, in characters: a cursor must fit into the headers.
const ORDERED_BY: usize = 60;
/// A vouch without an end.
const NO_END: i64 = i64::MAX;

#[derive(Clone, Debug)]
pub(crate) struct Rows {
    database: Database,
    most: u64,
}

/// One page, as JSON texts, and where the next begins.
pub(crate) struct Answer {
    pub(crate) listings: Vec<String>,
    pub(crate) next: Option<String>,
}

/// For the metrics.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) listed: i64,
    pub(crate) hidden: i64,
}

impl Rows {
    pub(crate) fn new(database: Database) -> Self {
        Self { database, most: MOST }
    }

    #[cfg(test)]
    pub(crate) fn with_most(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// When the listing or withdrawal that is here was signed, and the listing as JSON.
    pub(crate) async fn newest(&self, host: &str, account: Address) -> Result<Option<(i64, String)>, Problem> {
        let query = sqlx::query_as("SELECT issued_at, listing FROM listings WHERE host = $1 AND account = $2");
        Ok(query.bind(host).bind(text(account)).fetch_optional(self.database.readers()).await?)
    }

    /// Stores a listing whose account has a vouch until then. It is on disk when this returns.
    pub(crate) async fn put(
        &self,
        host: &str,
        signed: &SignedListing,
        until: Option<u64>,
        now: u64,
    ) -> Result<(), Problem> {
        let listing = signed.unverified();
        let json = serde_json::to_string(signed).map_err(|_| Problem::Unavailable)?;
        let mut writing = self.database.write().await?;
        let query = sqlx::query_scalar("SELECT issued_at FROM listings WHERE host = $1 AND account = $2");
        let before: Option<i64> = query.bind(host).bind(text(listing.account)).fetch_optional(&mut *writing).await?;
        match before {
            Some(before) if before >= seconds(listing.issued_at) => return Err(Problem::Older),
            Some(_) => {}
            None => self.make_room(&mut writing, listing.account).await?,
        }
        let sql = "INSERT INTO listings (host, account, issued_at, listing, name, words, specialities, languages, \
                   checked_at, vouched_until, hidden_since) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL) \
                   ON CONFLICT (host, account) DO UPDATE SET issued_at = excluded.issued_at, listing = excluded.listing, \
                   name = excluded.name, words = excluded.words, specialities = excluded.specialities, \
                   languages = excluded.languages, checked_at = excluded.checked_at, \
                   vouched_until = excluded.vouched_until, hidden_since = NULL";
        let Folded { name, words, specialities, languages } = Folded::of(listing);
        let query = sqlx::query(sql).bind(host).bind(text(listing.account)).bind(seconds(listing.issued_at)).bind(json);
        let query = query.bind(name).bind(words).bind(specialities).bind(languages);
        query.bind(seconds(now)).bind(until.map_or(NO_END, seconds)).execute(&mut *writing).await?;
        Ok(writing.commit().await?)
    }

    /// A listing of somebody for whom nobody vouches any more gives way in a full directory.
    async fn make_room(&self, writing: &mut sqlx::Transaction<'_, Sqlite>, account: Address) -> Result<(), Problem> {
        let query = sqlx::query_scalar("SELECT COUNT(*) FROM listings WHERE account = $1").bind(text(account));
        let hosts: i64 = query.fetch_one(&mut **writing).await?;
        if hosts >= MOST_HOSTS {
            return Err(Problem::TooManyHosts);
        }
        let all: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM listings").fetch_one(&mut **writing).await?;
        if all < seconds(self.most) {
            return Ok(());
        }
        let sql = "DELETE FROM listings WHERE (host, account) IN (SELECT host, account FROM listings \
                   WHERE hidden_since IS NOT NULL AND listing <> '' ORDER BY hidden_since LIMIT 1)";
        match sqlx::query(sql).execute(&mut **writing).await?.rows_affected() {
            0 => Err(Problem::Full),
            _ => Ok(()),
        }
    }

    /// Empties a listing; returns whether there was one. It is on disk when this returns.
    pub(crate) async fn withdraw(&self, host: &str, account: Address, now: u64) -> Result<bool, Problem> {
        let mut writing = self.database.write().await?;
        let sql = "UPDATE listings SET listing = '', name = '', words = '', specialities = '', languages = '', \
                   hidden_since = $1, issued_at = MAX(issued_at, $1 - 1) WHERE host = $2 AND account = $3 AND listing <> ''";
        let query = sqlx::query(sql).bind(seconds(now)).bind(host).bind(text(account));
        let withdrawn = query.execute(&mut *writing).await?.rows_affected() > 0;
        writing.commit().await?;
        Ok(withdrawn)
    }

    /// The listing of one account, if it is shown.
    pub(crate) async fn one(&self, host: &str, account: Address, now: u64) -> Result<Option<String>, Problem> {
        let mut query = shown("SELECT listing FROM listings", host, now);
        query.push(" AND account = ").push_bind(text(account));
        Ok(query.build_query_scalar().fetch_optional(self.database.readers()).await?)
    }

    /// The listings that fit, by name and account.
    pub(crate) async fn search(&self, host: &str, asked: &Query, now: u64) -> Result<Answer, Problem> {
        let mut query = shown("SELECT listing, name, account FROM listings", host, now);
        // Folded words have letters, digits and signs of spelling alone: no wildcard of LIKE.
        for (column, text) in [("words", &asked.text), ("specialities", &asked.speciality)] {
            for word in text.iter().flat_map(|text| folded_words(text)) {
                query.push(" AND ").push(column).push(" LIKE ").push_bind(format!("% {word}%"));
            }
        }
        if let Some(tag) = asked.language.as_ref().map(|tag| tag.trim().to_ascii_lowercase()) {
            query.push(" AND (languages LIKE ").push_bind(format!("% {tag} %"));
            query.push(" OR languages LIKE ").push_bind(format!("% {tag}-%")).push(")");
        }
        if let Some((account, name)) = asked.after.as_deref().map(place).transpose()? {
            query.push(" AND (name > ").push_bind(name.to_owned()).push(" OR (name = ").push_bind(name.to_owned());
            query.push(" AND account > ").push_bind(text(account)).push("))");
        }
        query.push(" ORDER BY name, account LIMIT ").push_bind(i64::try_from(asked.limit + 1).unwrap_or(i64::MAX));
        let rows = query.build().persistent(false).fetch_all(self.database.readers()).await?;
        let mut listings = Vec::with_capacity(rows.len());
        let mut last = None;
        for row in rows.iter().take(asked.limit) {
            listings.push(row.try_get(0)?);
            last = Some((row.try_get::<String, _>(1)?, row.try_get::<String, _>(2)?));
        }
        let next = last.filter(|_| rows.len() > asked.limit).map(|(name, account)| format!("{account} {name}"));
        Ok(Answer { listings, next })
    }

    /// Some accounts whose vouches were checked last before this time.
    pub(crate) async fn due(&self, before: u64, most: u32, now: u64) -> Result<Vec<Address>, Problem> {
        let sql = "SELECT account FROM listings WHERE listing <> '' AND (checked_at <= $1 OR checked_at > $3) \
                   GROUP BY account ORDER BY MIN(checked_at), account LIMIT $2";
        let query = sqlx::query_scalar::<_, String>(sql).bind(seconds(before)).bind(i64::from(most));
        // A time that is still to come is of a clock that was wrong.
        let query = query.bind(seconds(now));
        let accounts = query.fetch_all(self.database.readers()).await?;
        Ok(accounts.iter().filter_map(|account| account.parse().ok()).collect())
    }

    /// Notes what the chain said, since `asked`, about the vouches for accounts: until when, or `None` for no vouch. A
    /// listing that was published meanwhile was checked later.
    pub(crate) async fn checked(
        &self,
        results: &[(Address, Option<Option<u64>>)],
        asked: u64,
        now: u64,
    ) -> Result<(), Problem> {
        let mut writing = self.database.write().await?;
        for (account, vouch) in results {
            let set = match vouch {
                Some(_) => "hidden_since = NULL, vouched_until = $2",
                None => "hidden_since = COALESCE(hidden_since, $1), vouched_until = $2",
            };
            let until = vouch.map_or(0, |until| until.map_or(NO_END, seconds));
            let sql = format!(
                "UPDATE listings SET checked_at = $1, {set} WHERE account = $3 AND listing <> '' \
                 AND (checked_at < $1 OR checked_at > $4)"
            );
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(seconds(asked)).bind(until).bind(text(*account));
            query.bind(seconds(now)).execute(&mut *writing).await?;
        }
        Ok(writing.commit().await?)
    }

    /// Removes listings that were hidden for long enough; returns how many.
    pub(crate) async fn sweep(&self, now: u64) -> Result<u64, Problem> {
        let mut writing = self.database.write().await?;
        let sql = "DELETE FROM listings WHERE hidden_since <= $1 OR (listing = '' AND hidden_since <= $2)";
        let query = sqlx::query(sql).bind(seconds(now.saturating_sub(HIDDEN_FOR)));
        let query = query.bind(seconds(now.saturating_sub(WITHDRAWN_FOR)));
        let swept = query.execute(&mut *writing).await?.rows_affected();
        writing.commit().await?;
        Ok(swept)
    }

    pub(crate) async fn numbers(&self, now: u64) -> Result<Numbers, Problem> {
        let sql = "SELECT (SELECT COUNT(*) FROM listings WHERE hidden_since IS NULL AND vouched_until > $1), \
                   (SELECT COUNT(*) FROM listings WHERE listing <> '')";
        let query = sqlx::query_as::<_, (i64, i64)>(sql).bind(seconds(now));
        let (listed, all) = query.fetch_one(self.database.readers()).await?;
        Ok(Numbers { listed, hidden: all - listed })
    }
}

/// The query of what is shown at a host: somebody vouches for its account, by an answer of the chain that is new enough.
fn shown(select: &'static str, host: &str, now: u64) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(select);
    query.push(" WHERE host = ").push_bind(host.to_owned());
    query.push(" AND hidden_since IS NULL AND vouched_until > ").push_bind(seconds(now));
    query.push(" AND checked_at > ").push_bind(seconds(now.saturating_sub(GOOD_FOR)));
    query.push(" AND checked_at <= ").push_bind(seconds(now));
    query
}

/// The place after a listing: its account and its name in the order.
fn place(cursor: &str) -> Result<(Address, &str), Problem> {
    let (account, name) = cursor.split_once(' ').unwrap_or((cursor, ""));
    let account = account.parse().map_err(|_| Problem::Malformed("`after` is no place in this directory".into()))?;
    Ok((account, name))
}

/// What is searched.
struct Folded {
    name: String,
    words: String,
    specialities: String,
    languages: String,
}

impl Folded {
    fn of(listing: &Listing) -> Self {
        let each = |words: Vec<String>| words.iter().map(|word| format!(" {word}")).collect::<String>();
        let name = folded_words(&listing.name);
        let specialities = listing.specialities.iter().flat_map(|text| folded_words(text)).collect();
        let languages =
            listing.languages.iter().map(|tag| format!(" {}", tag.to_ascii_lowercase())).collect::<String>();
        let ordered_by = name.join(" ").chars().take(ORDERED_BY).collect();
        let specialities = each(specialities);
        Self { name: ordered_by, words: each(name) + &specialities, specialities, languages: languages + " " }
    }
}
