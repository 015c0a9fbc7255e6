//! The node's database: one SQLite file in the state folder.
//!
//! The SQL of the node is PostgreSQL's too, for several instances behind one address. What is SQLite's alone is in this
//! file. Several instances would also need the locks of [`crate::blocks`] in the database.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions, SqlSafeStr, Sqlite, SqlitePool, Transaction,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

const FILE: &str = "node.sqlite";
/// Held by the process that uses the folder.
const LOCK: &str = "node.lock";
/// Version, name and SQL of each migration, in order.
const MIGRATIONS: [(i64, &str, &str); 6] = [
    (1, "blocks", include_str!("../migrations/0001_blocks.sql")),
    (2, "frames", include_str!("../migrations/0002_frames.sql")),
    (3, "directory", include_str!("../migrations/0003_directory.sql")),
    (4, "login", include_str!("../migrations/0004_login.sql")),
    (5, "relay", include_str!("../migrations/0005_relay.sql")),
    (6, "named", include_str!("../migrations/0006_named.sql")),
];
/// The time that a request waits for the database.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections for reading; SQLite has one writer at a time.
const READERS: u32 = 4;

/// Shared by all rooms.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    readers: SqlitePool,
    writer: SqlitePool,
    _alone: std::sync::Arc<File>,
}

impl Database {
    /// Opens the database of a state folder, and brings it to this version.
    pub(crate) async fn open(state: &Path) -> Result<Self, String> {
        let path = state.join(FILE);
        let wrong = |what: &dyn std::fmt::Display| format!("the database {}: {what}", path.display());
        let alone = private(&state.join(LOCK)).map_err(|error| wrong(&error))?;
        alone.try_lock().map_err(|_| format!("another node uses the state folder {}", state.display()))?;
        // SQLite gives its other files the mode of this one. It is closed again before SQLite has locks on it.
        drop(private(&path).map_err(|error| wrong(&error))?);
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let pool = |most| SqlitePoolOptions::new().max_connections(most).acquire_timeout(PATIENCE);
        let writer = pool(1).connect_with(options.clone()).await.map_err(|error| wrong(&error))?;
        let migrator = Migrator::with_migrations(migrations(MIGRATIONS.len()));
        migrator.run(&writer).await.map_err(|error| wrong(&in_words(error)))?;
        let readers = pool(READERS).connect_with(options).await.map_err(|error| wrong(&error))?;
        Ok(Self { readers, writer, _alone: alone.into() })
    }

    /// Copies the database of a state folder into a new file, which only its owner reads. A node may use the folder.
    pub(crate) async fn backup(state: &Path, to: &Path) -> Result<(), String> {
        let path = state.join(FILE);
        let wrong = |what: &dyn std::fmt::Display| format!("the database {}: {what}", path.display());
        let options = SqliteConnectOptions::new().filename(&path).busy_timeout(PATIENCE);
        let mut database = options.connect().await.map_err(|error| wrong(&error))?;
        // A file of another program, or an empty one, is no backup.
        let known = sqlx::query("SELECT version FROM _sqlx_migrations").fetch_optional(&mut database).await;
        known.map_err(|error| wrong(&error))?.ok_or_else(|| wrong(&"it is empty"))?;
        let not_written = |error: &dyn std::fmt::Display| format!("{}: {error}", to.display());
        let part = NewFile::beside(to).map_err(|error| not_written(&error))?;
        let text = part.path.to_str().ok_or_else(|| not_written(&"its name is not UTF-8"))?;
        let copied = sqlx::query("VACUUM INTO ?1").bind(text).execute(&mut database).await;
        copied.map_err(|error| not_written(&error))?;
        without_frames(&part.path).await.map_err(|error| not_written(&error))?;
        part.keep(to).map_err(|error| not_written(&error))
    }

    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// A transaction that may write. SQLite's own BEGIN would read first, and fail if another wrote meanwhile.
    pub(crate) async fn write(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        match self.writer.begin_with("BEGIN IMMEDIATE").await {
            // A full disk ends a transaction without sqlx's knowledge, which then begins none on this connection.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                drop(self.writer.acquire().await?.detach());
                self.writer.begin_with("BEGIN IMMEDIATE").await
            }
            begun => begun,
        }
    }
}

/// Frames are of the last minutes, and a cursor from after the backup would skip some that came later.
async fn without_frames(copy: &Path) -> sqlx::Result<()> {
    let mut copy = SqliteConnectOptions::new().filename(copy).connect().await?;
    for sql in ["DELETE FROM frames", "DELETE FROM frame_channels", "UPDATE frame_totals SET held = 0"] {
        match sqlx::query(sql).execute(&mut copy).await {
            // A database of before there were frames.
            Err(sqlx::Error::Database(error)) if error.message().starts_with("no such table") => break,
            done => done?,
        };
    }
    sqlx::Connection::close(copy).await
}

/// The first migrations.
fn migrations(count: usize) -> Vec<Migration> {
    let migration = |(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    MIGRATIONS.iter().take(count).map(migration).collect()
}

fn in_words(error: MigrateError) -> String {
    match error {
        MigrateError::VersionMissing(_) => {
            "a newer version of this program wrote it: start that version, or restore a backup of this one".to_owned()
        }
        MigrateError::VersionMismatch(version) => {
            format!("its migration {version} is not the one of this program: start the program that wrote it")
        }
        error => error.to_string(),
    }
}

/// A file that gets its name when it is complete, so that nobody takes a part for a backup.
struct NewFile {
    path: PathBuf,
}

impl NewFile {
    fn beside(to: &Path) -> io::Result<Self> {
        if to.try_exists()? {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it exists already: name a new file"));
        }
        // Of this process alone: two backups at once do not write into one file.
        let mut path = std::path::absolute(to)?.into_os_string();
        path.push(format!(".{}.part", std::process::id()));
        let path = PathBuf::from(path);
        let _ = fs::remove_file(&path);
        private(&path)?;
        Ok(Self { path })
    }

    /// SQLite does not sync what VACUUM INTO writes.
    fn keep(self, to: &Path) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        // Unlike a rename it replaces nothing.
        fs::hard_link(&self.path, to)?;
        fs::remove_file(&self.path)?;
        #[cfg(unix)]
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Opens a file that only its owner reads, or creates it.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let file = options.mode(0o600).open(path)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
}

/// Whether the disk is full (SQLITE_FULL; PostgreSQL has 53100 instead).
pub(crate) fn is_full(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "13" || code == "53100")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    async fn raw(folder: &Path) -> SqlitePool {
        let options = SqliteConnectOptions::new().filename(folder.join(FILE)).create_if_missing(true);
        SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap()
    }

    #[tokio::test]
    async fn database_of_the_first_migration_is_migrated_and_keeps_its_rows() {
        let folder = tempfile::tempdir().unwrap();
        let old = raw(folder.path()).await;
        Migrator::with_migrations(migrations(1)).run(&old).await.unwrap();
        for sql in [
            "INSERT INTO accounts (account, held) VALUES ('0x01', 4096)",
            "INSERT INTO blocks (cid, size, cost) VALUES ('bafk', 7, 4096)",
            "INSERT INTO holds (account, cid, put_at, pins) VALUES ('0x01', 'bafk', 5, 1)",
            "INSERT INTO pins (account, root, state, blocks, bytes, changed_at) VALUES ('0x01', 'bafk', 'pinned', 1, 7, 5)",
            "INSERT INTO pinned_blocks (account, root, cid) VALUES ('0x01', 'bafk', 'bafk')",
        ] {
            sqlx::query(sql).execute(&old).await.unwrap();
        }
        old.close().await;
        let database = Database::open(folder.path()).await.unwrap();
        let sql = "SELECT accounts.held, size, pins FROM accounts JOIN holds USING (account) JOIN blocks USING (cid)";
        let row: (i64, i64, i64) = sqlx::query_as(sql).fetch_one(database.readers()).await.unwrap();
        assert_eq!(row, (4096, 7, 1));
        let applied: i64 = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations")
            .fetch_one(database.readers())
            .await
            .unwrap();
        assert_eq!(applied, MIGRATIONS[MIGRATIONS.len() - 1].0);
    }

    #[tokio::test]
    async fn full_disk_stops_no_later_write() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path()).await.unwrap();
        let mut writing = database.write().await.unwrap();
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *writing).await.unwrap();
        let limit = format!("PRAGMA max_page_count = {}", pages + 2);
        sqlx::query(sqlx::AssertSqlSafe(limit)).execute(&mut *writing).await.unwrap();
        let sql = "INSERT INTO accounts (account, held) VALUES (hex(zeroblob(100000)), 0)";
        let error = sqlx::query(sql).execute(&mut *writing).await.unwrap_err();
        assert!(is_full(&error), "{error}");
        drop(writing);
        for held in 1..=2_i64 {
            let mut writing = database.write().await.unwrap();
            let sql = "INSERT INTO accounts (account, held) VALUES ($1, $1)";
            sqlx::query(sql).bind(held).execute(&mut *writing).await.unwrap();
            writing.commit().await.unwrap();
        }
    }

    #[tokio::test]
    async fn newer_or_damaged_database_is_refused_in_one_sentence() {
        let folder = tempfile::tempdir().unwrap();
        drop(Database::open(folder.path()).await.unwrap());
        let pool = raw(folder.path()).await;
        sqlx::query("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1").execute(&pool).await.unwrap();
        pool.close().await;
        let error = Database::open(folder.path()).await.unwrap_err();
        assert!(error.contains("a newer version of this program wrote it") && !error.contains('\n'), "{error}");
        std::fs::write(folder.path().join(FILE), "this is no database, but a text of some length").unwrap();
        let error = Database::open(folder.path()).await.unwrap_err();
        assert!(error.contains("node.sqlite: ") && !error.contains('\n'), "{error}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn backup_while_others_write_has_whole_transactions_and_overwrites_nothing() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let database = Database::open(folder.path()).await.unwrap();
        let writer = database.clone();
        let writing = tokio::spawn(async move {
            for number in 0.. {
                let mut pair = writer.write().await.unwrap();
                for half in ["a", "b"] {
                    let insert = sqlx::query("INSERT INTO accounts (account, held) VALUES (?1, 4096)");
                    insert.bind(format!("{number}-{half}")).execute(&mut *pair).await.unwrap();
                }
                pair.commit().await.unwrap();
            }
        });
        let count = async |database: &Database| -> i64 {
            sqlx::query_scalar("SELECT COUNT(*) FROM accounts").fetch_one(database.readers()).await.unwrap()
        };
        for round in 0..20 {
            let before = count(&database).await;
            let state = elsewhere.path().join(round.to_string());
            fs::create_dir(&state).unwrap();
            Database::backup(folder.path(), &state.join(FILE)).await.unwrap();
            let restored = count(&Database::open(&state).await.unwrap()).await;
            assert!(restored >= before && restored % 2 == 0, "{restored} of {before} or more");
        }
        writing.abort();
        let file = elsewhere.path().join("0").join(FILE);
        let bytes = fs::read(&file).unwrap();
        let error = Database::backup(folder.path(), &file).await.unwrap_err();
        assert!(error.contains("exists already") && fs::read(&file).unwrap() == bytes, "{error}");
        for (state, says) in [(elsewhere.path(), "node.sqlite"), (folder.path(), "no-such-folder")] {
            let to = elsewhere.path().join("no-such-folder/new");
            let error = Database::backup(state, &to).await.unwrap_err();
            assert!(error.contains(says) && !error.contains('\n'), "{error}");
        }
        let left: Vec<_> = fs::read_dir(elsewhere.path().join("0")).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(left.iter().all(|file| file.extension().is_none_or(|kind| kind != "part")), "{left:?}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let alone = elsewhere.path().join("alone");
            Database::backup(folder.path(), &alone).await.unwrap();
            assert_eq!(fs::metadata(alone).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[tokio::test]
    async fn a_folder_has_one_node_and_its_files_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path()).await.unwrap();
        assert!(Database::open(folder.path()).await.unwrap_err().contains("another node uses"));
        drop(database.write().await.unwrap());
        #[cfg(unix)]
        for file in fs::read_dir(folder.path()).unwrap() {
            use std::os::unix::fs::PermissionsExt;
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", file.path().display());
        }
        let settings: (i64, i64) =
            sqlx::query_as("SELECT (SELECT * FROM pragma_synchronous), (SELECT * FROM pragma_foreign_keys)")
                .fetch_one(database.readers())
                .await
                .unwrap();
        assert_eq!(settings, (2, 1), "FULL, and on");
    }
}
