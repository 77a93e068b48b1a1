//! Prompts as integers: the words of a text and the groups of three letters in them, hashed into a table.
//!
//! 1. The text is cut into words: longest runs of ASCII letters and of bytes from 0x80 on; ASCII letters become small.
//! 2. The pieces of a prompt are `<word>` of every word in turn, then of every word in turn all runs of three bytes of
//!    `<word>`, if the word has two bytes or more.
//! 3. A piece is the token `1 + fnv(piece) mod (buckets - 1)`, where `fnv` is FNV-1a with 32 bits: from 0x811c9dc5,
//!    for every byte `h = (h xor byte) * 0x01000193`.
//! 4. What is beyond the number of tokens that an input takes is left out; what is missing is 0.
//!
//! A word that was never learnt still shares groups of letters with words that were. What the tokens mean is the
//! network's business: usually rows of a table, added up.

/// Most bytes of a prompt; further ones are left out.
pub const MAX_PROMPT: usize = 1000;
/// Most tokens of a prompt.
pub const MAX_TOKENS: usize = 256;
/// Most rows of a table that tokens count.
pub const MAX_BUCKETS: usize = 1 << 20;

/// The tokens of `text`: `count` numbers below `buckets`, 0 where there is nothing.
pub fn tokens(text: &str, count: usize, buckets: usize) -> Vec<i32> {
    let words = words(text);
    let groups = words.iter().filter(|word| word.len() > 3).flat_map(|word| word.windows(3));
    let pieces = words.iter().map(Vec::as_slice).chain(groups);
    let mut tokens: Vec<i32> = pieces.take(count).map(|piece| token(piece, buckets)).collect();
    tokens.resize(count, 0);
    tokens
}

/// The words between angle brackets.
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
    fn tokens_are_those_of_the_documented_rule() {
        // Computed by a program of its own; see docs/generator-file.md.
        let red_dragon = [1812, 149, 1739, 113, 1378, 1474, 1090, 1367, 607, 938, 1126, 0, 0];
        assert_eq!(tokens("red dragon", 13, 2048), red_dragon);
        assert_eq!(tokens(" Red-DRAGON 7", 13, 2048), red_dragon);
        assert_eq!(tokens("red dragon", 3, 2048), red_dragon[..3]);
        assert_eq!(tokens("Ice-staff 2", 8, 4096), [3853, 2133, 729, 1795, 986, 358, 651, 2056]);
        assert_eq!(tokens("Ä x", 6, 100), [53, 52, 85, 86, 0, 0]);
    }

    #[test]
    fn any_text_gives_tokens_of_the_table() {
        assert_eq!(tokens("", 4, 2048), [0; 4]);
        assert_eq!(tokens("12 - !", 4, 2048), [0; 4]);
        assert!(tokens(&"drache ä ".repeat(1000), 64, 2).iter().all(|token| *token == 1));
    }
}
