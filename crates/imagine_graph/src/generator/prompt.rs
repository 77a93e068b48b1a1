//! Prompts as integers: hashes of a text's words and of their trigrams.
//!
//! 1. The text is split into words: maximal runs of ASCII letters and bytes from 0x80. ASCII letters become lower-case.
//! 2. The pieces of a prompt are `<word>` for every word, then all runs of three bytes in `<word>` for every word of at least
//!    two bytes.
//! 3. A piece is the token `1 + fnv(piece) mod (buckets - 1)`, where `fnv` is FNV-1a with 32 bits: from 0x811c9dc5,
//!    for every byte `h = (h xor byte) * 0x01000193`.
//! 4. Tokens beyond the input's number of tokens are dropped; missing tokens are 0.
//!
//! A word outside the training data still shares trigrams with known words. The network gives the tokens their meaning,
//! usually as rows of a table that are added up.

/// Maximum length of a prompt in bytes; the rest is dropped.
pub const MAX_PROMPT: usize = 1000;
/// Maximum number of tokens of a prompt.
pub const MAX_TOKENS: usize = 256;
/// Maximum number of hash buckets.
pub const MAX_BUCKETS: usize = 1 << 20;

/// The `count` tokens of `text`, below `buckets`; 0 is padding.
pub fn tokens(text: &str, count: usize, buckets: usize) -> Vec<i32> {
    let words = words(text);
    let trigrams = words.iter().filter(|word| word.len() > 3).flat_map(|word| word.windows(3));
    let pieces = words.iter().map(Vec::as_slice).chain(trigrams);
    let mut tokens: Vec<i32> = pieces.take(count).map(|piece| token(piece, buckets)).collect();
    tokens.resize(count, 0);
    tokens
}

/// The words in angle brackets.
fn words(text: &str) -> Vec<Vec<u8>> {
    let bytes = &text.as_bytes()[..text.len().min(MAX_PROMPT)];
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80;
    let runs = bytes.split(|byte| !is_letter(byte)).filter(|run| !run.is_empty());
    runs.map(|run| [b"<", run.to_ascii_lowercase().as_slice(), b">"].concat()).collect()
}

fn token(piece: &[u8], buckets: usize) -> i32 {
    let hash = piece.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    1 + (hash as usize % buckets.saturating_sub(1).max(1)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_follow_the_documented_rule() {
        // Computed by an independent program; see docs/generator-file.md.
        let red_dragon = [1812, 149, 1739, 113, 1378, 1474, 1090, 1367, 607, 938, 1126, 0, 0];
        assert_eq!(tokens("red dragon", 13, 2048), red_dragon);
        assert_eq!(tokens(" Red-DRAGON 7", 13, 2048), red_dragon);
        assert_eq!(tokens("red dragon", 3, 2048), red_dragon[..3]);
        assert_eq!(tokens("Ice-staff 2", 8, 4096), [3853, 2133, 729, 1795, 986, 358, 651, 2056]);
        assert_eq!(tokens("Ä x", 6, 100), [53, 52, 85, 86, 0, 0]);
    }

    #[test]
    fn any_text_gives_valid_tokens() {
        assert_eq!(tokens("", 4, 2048), [0; 4]);
        assert_eq!(tokens("12 - !", 4, 2048), [0; 4]);
        assert!(tokens(&"drache ä ".repeat(1000), 64, 2).iter().all(|token| *token == 1));
    }
}
