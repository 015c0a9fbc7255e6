//! A hospital's archive that no single employee can open: the owner gives each box to a board of colleagues. Two of
//! them must agree before another one reads.

mod common;

use hospital_record::{Error, Purpose, Result, Source};

#[tokio::main]
async fn main() -> Result<()> {
    let system = common::system().await?;
    let archive = common::person(&system).await?;
    let colleagues = [common::person(&system).await?, common::person(&system).await?, common::person(&system).await?];
    let mut accounts = Vec::new();
    for colleague in &colleagues {
        colleague.register().await?;
        accounts.push(colleague.address());
    }
    let board = archive.boards().create(2, &accounts).await?.board;
    let box_7 = archive.add(Source::bytes("study.csv", "participant,dose")).folder("box 7").await?.record;
    archive.boards().grant(&board).folder("box 7").purpose(Purpose::HRESCH).no_end().await?;

    // The researcher is a member of the board, but cannot agree to a case about themselves.
    let [researcher, one, other] = &colleagues;
    let case = researcher.boards().open_case(&board, archive.address()).reason("Second analysis, protocol 12.").await?;
    assert!(matches!(researcher.boards().acknowledge(&case).await, Err(Error::Denied(_))));
    one.boards().acknowledge(&case).await?;
    assert!(researcher.open(&box_7).await.is_err());
    other.boards().acknowledge(&case).await?;
    for colleague in [one, other] {
        colleague.boards().release_due(&board).await?;
    }
    println!("read after two agreed: {:?}", researcher.open(&box_7).await?.bytes);
    Ok(())
}
