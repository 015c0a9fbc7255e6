//! Inner nodes: a UnixFS file message inside a dag-pb node, in Kubo's encoding. The decoder accepts only this encoding.
//!
//! Sources: <https://ipld.io/specs/codecs/dag-pb/spec/>, <https://specs.ipfs.tech/unixfs/>. Both messages are small
//! enough for code by hand. A general protobuf reader would accept many encodings of one node.

use cid::Cid;

use super::dag::LINKS;
use crate::error::DagError;
use crate::id::{DAG_PB, Digest, RAW};

/// One child of an inner node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The child.
    pub cid: Cid,
    /// Bytes of the file below the child.
    pub file_size: u64,
    /// Bytes of all blocks below the child, itself included: dag-pb's `Tsize`.
    pub total_size: u64,
}

const HASH: u8 = 0x0a;
const NAME: u8 = 0x12;
const TSIZE: u8 = 0x18;
const DATA: u8 = 0x0a;
const LINK: u8 = 0x12;
const FILE_TYPE: [u8; 2] = [0x08, 2];
const FILE_SIZE: u8 = 0x18;
const BLOCK_SIZE: u8 = 0x20;

pub(crate) fn encode(links: &[Link]) -> Vec<u8> {
    let mut node = Vec::new();
    for link in links {
        let mut message = Vec::new();
        put_bytes(&mut message, HASH, &link.cid.to_bytes());
        // Kubo writes the empty name.
        put_bytes(&mut message, NAME, &[]);
        put_number(&mut message, TSIZE, link.total_size);
        put_bytes(&mut node, LINK, &message);
    }
    let mut file = FILE_TYPE.to_vec();
    put_number(&mut file, FILE_SIZE, links.iter().fold(0, |sum, link| sum.saturating_add(link.file_size)));
    for link in links {
        put_number(&mut file, BLOCK_SIZE, link.file_size);
    }
    put_bytes(&mut node, DATA, &file);
    node
}

pub(crate) fn decode(cid: &Cid, bytes: &[u8]) -> Result<Vec<Link>, DagError> {
    let malformed = |reason| DagError::Node { cid: cid.to_string(), reason };
    let links = read(bytes).ok_or_else(|| malformed("it is not a UnixFS file with links"))?;
    if links.is_empty() || links.len() > LINKS {
        return Err(malformed("it has no link or more than 1024"));
    }
    for link in &links {
        codec_of(&link.cid)?;
    }
    if encode(&links) == bytes { Ok(links) } else { Err(malformed("it is not encoded as UnixFS files are")) }
}

/// The codec of a CID that can be part of a content DAG.
pub(crate) fn codec_of(cid: &Cid) -> Result<u64, DagError> {
    let fits = |codec| Digest::of_cid(codec, cid).is_some();
    [RAW, DAG_PB].into_iter().find(|codec| fits(*codec)).ok_or_else(|| DagError::Cid(cid.to_string()))
}

fn put_varint(output: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        output.push(number as u8 | 0x80);
        number >>= 7;
    }
    output.push(number as u8);
}

fn put_number(output: &mut Vec<u8>, tag: u8, number: u64) {
    output.push(tag);
    put_varint(output, number);
}

fn put_bytes(output: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    put_number(output, tag, bytes.len() as u64);
    output.extend_from_slice(bytes);
}

/// Reads one shape only. The caller compares the result's encoding, so this need not check everything.
fn read(bytes: &[u8]) -> Option<Vec<Link>> {
    let mut node = Reader(bytes);
    let mut links = Vec::new();
    while let Some(message) = node.bytes(LINK) {
        let mut link = Reader(message);
        let cid = Cid::try_from(link.bytes(HASH)?).ok()?;
        link.bytes(NAME)?;
        links.push(Link { cid, file_size: 0, total_size: link.number(TSIZE)? });
    }
    let mut file = Reader(node.bytes(DATA)?);
    file.0 = file.0.strip_prefix(&FILE_TYPE)?;
    file.number(FILE_SIZE)?;
    for link in &mut links {
        link.file_size = file.number(BLOCK_SIZE)?;
    }
    Some(links)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn number(&mut self, tag: u8) -> Option<u64> {
        self.0 = self.0.strip_prefix(&[tag])?;
        self.varint()
    }

    fn bytes(&mut self, tag: u8) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number(tag)?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::id::cid_of;

    fn links() -> Vec<Link> {
        let link = |byte: u8, size| Link { cid: cid_of(RAW, &[byte]), file_size: size, total_size: size };
        vec![link(1, 1 << 20), link(2, 1 << 20), link(3, 5)]
    }

    #[test]
    fn node_round_trips() {
        let bytes = encode(&links());
        assert_eq!(decode(&cid_of(DAG_PB, &bytes), &bytes).unwrap(), links());
    }

    #[test]
    fn truncated_and_extended_nodes_are_refused() {
        let bytes = encode(&links());
        let cid = cid_of(DAG_PB, &bytes);
        for end in 0..bytes.len() {
            assert!(decode(&cid, &bytes[..end]).is_err(), "cut at {end}");
        }
        assert!(decode(&cid, &[bytes.as_slice(), &[0]].concat()).is_err());
    }

    #[test]
    fn other_encodings_of_the_same_node_are_refused() {
        let bytes = encode(&links());
        let at = bytes.windows(2).position(|pair| pair == FILE_TYPE).unwrap();
        let mut long = bytes.clone();
        long.splice(at + 1..at + 2, [0x82, 0x00]);
        long[at - 1] += 1;
        assert!(decode(&cid_of(DAG_PB, &long), &long).is_err());
    }

    #[test]
    fn links_to_other_kinds_of_block_are_refused() {
        let mut links = links();
        links[1].cid = cid_of(crate::id::DAG_CBOR, b"x");
        let bytes = encode(&links);
        assert!(matches!(decode(&cid_of(DAG_PB, &bytes), &bytes), Err(DagError::Cid(_))));
    }
}
