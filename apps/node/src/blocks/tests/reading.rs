use axum::{
    body::{Body, Bytes},
    http::Request,
};
use futures::{StreamExt, TryStreamExt, stream};
use hospital_record::{
    Cid,
    store::{Block, read_car},
};
use hospital_record_core::record::dag::DagBuilder;

use super::stage::*;

async fn blocks_in(car: Bytes) -> Vec<Block> {
    read_car(stream::iter([Ok(car)]).boxed()).try_collect().await.unwrap()
}

fn cids(blocks: &[Block]) -> Vec<Cid> {
    blocks.iter().map(|block| block.cid).collect()
}

#[tokio::test]
async fn block_has_the_headers_of_a_trustless_gateway() {
    let (stage, block) = (Stage::plain().await, leaf(5_000));
    let ana = stage.person().await;
    stage.put(&ana, std::slice::from_ref(&block)).await.check(200, "");
    let (cid, path) = (block.cid, format!("/ipfs/{}", block.cid));
    let ask = async |method: &str, query: &str, headers: &[(&str, &str)]| {
        let mut request = Request::builder().method(method).uri(format!("{path}{query}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        stage.call(request.body(Body::empty()).unwrap()).await
    };
    let raw = [("accept", "application/vnd.ipld.raw")];
    for (method, answer) in [
        ("GET", ask("GET", "?format=raw", &[]).await),
        ("GET", ask("GET", "", &raw).await),
        ("HEAD", ask("HEAD", "?format=raw", &[]).await),
        ("HEAD", ask("HEAD", "", &raw).await),
    ] {
        answer.check(200, "");
        for (name, value) in [
            ("content-type", "application/vnd.ipld.raw".to_owned()),
            ("content-length", "5000".to_owned()),
            ("cache-control", "public, max-age=29030400, immutable".to_owned()),
            ("etag", format!("\"{cid}.raw\"")),
            ("x-content-type-options", "nosniff".to_owned()),
            ("content-disposition", format!("attachment; filename=\"{cid}.bin\"")),
            ("x-ipfs-path", format!("/ipfs/{cid}")),
            ("x-ipfs-roots", cid.to_string()),
        ] {
            assert_eq!(answer.header(name), value, "{method} {name}");
        }
        assert_eq!(answer.body.unwrap(), if method == "GET" { block.bytes.clone() } else { Bytes::new() });
    }
    let etag = format!("W/\"{cid}.raw\"");
    for method in ["GET", "HEAD"] {
        let answer = ask(method, "?format=raw", &[("if-none-match", &etag)]).await;
        assert_eq!((answer.status.as_u16(), answer.body.unwrap().len()), (304, 0));
        ask(method, "?format=raw", &[("if-none-match", "\"other\"")]).await.check(200, "");
    }
    for (query, headers) in [
        ("", &[][..]),
        ("", &[("accept", "text/html")]),
        ("?format=html", &raw),
        ("?format=tar", &[]),
        ("?format=json", &[]),
    ] {
        ask("GET", query, headers).await.check(406, "shows no files");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        assert_eq!(ask(method, "?format=raw", &[]).await.status, 405, "{method}");
    }
}

#[tokio::test]
async fn unknown_or_malformed_cid_is_not_found() {
    let stage = Stage::plain().await;
    let (ana, unknown) = (stage.person().await, leaf(10).cid);
    stage.put(&ana, &[leaf(9)]).await.check(200, "");
    for format in ["raw", "car"] {
        for (cid, status) in [
            (unknown.to_string(), 404),
            ("QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG".into(), 404),
            ("bafkqaaa".into(), 404),
            (unknown.to_string().to_uppercase(), 404),
            ("nothing".into(), 400),
            ("..".into(), 400),
            ("%2e%2e%2fetc".into(), 400),
            ("%00".into(), 400),
            ("b".repeat(9_000), 400),
        ] {
            let answer = stage.get(&format!("/ipfs/{cid}?format={format}")).await;
            answer.check(status, "");
            let head = Request::head(format!("/ipfs/{cid}?format={format}")).body(Body::empty()).unwrap();
            assert_eq!(stage.call(head).await.status.as_u16(), status, "{cid}");
        }
    }
}

#[tokio::test]
async fn car_has_each_block_once_depth_first_and_as_much_as_was_asked_for() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let leaves = [leaf(5_000), leaf(6_000), leaf(7)];
    let inner = list(&[leaves[1].cid, leaves[0].cid]);
    let top = list(&[leaves[0].cid, inner.cid, leaves[2].cid, inner.cid, leaves[0].cid]);
    let all = [top.clone(), leaves[0].clone(), inner.clone(), leaves[1].clone(), leaves[2].clone()];
    stage.put(&ana, &all).await.check(200, "");
    let ask = async |cid: &Cid, scope: &str| {
        let answer = stage.get(&format!("/ipfs/{cid}?format=car{scope}")).await;
        answer.check(200, "");
        assert_eq!(answer.header("content-type"), "application/vnd.ipld.car; version=1; order=dfs; dups=n");
        assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{cid}.car\""));
        (blocks_in(answer.body.clone().unwrap()).await, answer.header("etag").to_owned())
    };
    let (blocks, whole) = ask(&top.cid, "").await;
    assert_eq!(cids(&blocks), cids(&all));
    assert_eq!(cids(&ask(&top.cid, "&dag-scope=all").await.0), cids(&all));
    let (blocks, alone) = ask(&top.cid, "&dag-scope=block").await;
    assert_eq!(cids(&blocks), cids(&all[..1]));
    assert_ne!(whole, alone);
    assert_eq!(cids(&ask(&top.cid, "&dag-scope=entity").await.0), cids(&all[..1]), "dag-cbor is one entity");
    assert_eq!(cids(&ask(&leaves[0].cid, "").await.0), cids(&leaves[..1]));

    let mut builder = DagBuilder::new();
    let file = [leaf(1 << 20), leaf(30)];
    for block in &file {
        builder.push_leaf(block.cid, block.bytes.len() as u64).unwrap();
    }
    let node = builder.finish().unwrap().blocks.remove(0);
    let file = [node.clone(), file[0].clone(), file[1].clone()];
    stage.put(&ana, &file).await.check(200, "");
    assert_eq!(cids(&ask(&node.cid, "&dag-scope=entity").await.0), cids(&file), "a file is one entity");
    assert_eq!(cids(&ask(&node.cid, "&dag-scope=block").await.0), cids(&file[..1]));
    let etag = [("if-none-match", whole.as_str())];
    let request = Request::get(format!("/ipfs/{}?format=car", top.cid)).header(etag[0].0, etag[0].1);
    assert_eq!(stage.call(request.body(Body::empty()).unwrap()).await.status, 304);
    stage.get(&format!("/ipfs/{}?format=car&dag-scope=some", top.cid)).await.check(400, "dag-scope");
}

#[tokio::test]
async fn car_over_a_missing_block_breaks_off() {
    let (stage, blocks) = (Stage::plain().await, dag(&[5_000, 6_000]));
    let ana = stage.person().await;
    stage.put(&ana, &[blocks[0].clone(), blocks[2].clone()]).await.check(200, "");
    let answer = stage.get(&format!("/ipfs/{}?format=car", root(&blocks))).await;
    assert_eq!((answer.status.as_u16(), answer.body), (200, None));
    let nested = Block::new(0x71, vec![0x81; 100_000]);
    stage.put(&ana, std::slice::from_ref(&nested)).await.check(200, "");
    stage.get(&format!("/ipfs/{}?format=car", nested.cid)).await.check(422, "");
    let alone = stage.get(&format!("/ipfs/{}?format=car&dag-scope=block", nested.cid)).await;
    assert_eq!(blocks_in(alone.body.unwrap()).await.len(), 1);
}

#[tokio::test]
async fn car_of_many_links_is_bounded() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let leaf = leaf(10);
    let many = vec![leaf.cid; 40_000];
    // Each level leaves 40,000 links waiting.
    let mut levels = vec![leaf, list(&many)];
    for _ in 0..3 {
        let next = levels.last().unwrap().cid;
        let mut links = vec![next];
        links.extend(&many);
        levels.push(list(&links));
    }
    stage.put(&ana, &levels).await.check(200, "");
    let answer = stage.get(&format!("/ipfs/{}?format=car", root(&levels))).await;
    assert_eq!((answer.status.as_u16(), answer.body), (200, None));
    let answer = stage.get(&format!("/ipfs/{}?format=car", levels[1].cid)).await;
    assert_eq!(blocks_in(answer.body.unwrap()).await.len(), 2);
}
