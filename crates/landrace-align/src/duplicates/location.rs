//! Where on the flow cell a read was made, as Illumina's read names tell it.

/// Tile, x and y, as 16-bit numbers in the order of their signed values; all that of -1 if the name tells none.
///
/// A name tells them if it has five or seven fields between colons and each of the last three starts with a
/// number. Larger numbers wrap, as they do in Picard, whose ties this must repeat.
pub(super) fn of(name: &[u8]) -> [u64; 3] {
    let colons = name.iter().skip(1).filter(|&&byte| byte == b':').count();
    let numbers = if matches!(colons, 4 | 6) { last_three(name) } else { None };
    // The sign bit flipped: unsigned order is then signed order.
    numbers.unwrap_or([-1; 3]).map(|number| u64::from(number as u16 ^ 0x8000))
}

fn last_three(name: &[u8]) -> Option<[i32; 3]> {
    let mut fields = name.rsplit(|&byte| byte == b':');
    let (y, x, tile) = (fields.next()?, fields.next()?, fields.next()?);
    Some([number(tile)?, number(x)?, number(y)?])
}

/// The number that a field starts with, as 32-bit arithmetic gives it.
fn number(field: &[u8]) -> Option<i32> {
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = digits[..length]
        .iter()
        .fold(0i32, |value, digit| value.wrapping_mul(10).wrapping_add(i32::from(digit - b'0')));
    (length > 0).then(|| if digits.len() < field.len() { value.wrapping_neg() } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(name: &str) -> [i16; 3] {
        of(name.as_bytes()).map(|number| (number as u16 ^ 0x8000) as i16)
    }

    #[test]
    fn reads_names_of_five_and_seven_fields() {
        assert_eq!(values("HSQ1004:134:C0D8DACXX:1:1304:7855:18692"), [1304, 7855, 18692]);
        assert_eq!(values("M:1:1101:15:-7#ACGT"), [1101, 15, -7]);
        assert_eq!(
            values("A:1:F:1:1101:40000:70000"),
            [1101, (40_000 - 65_536) as i16, (70_000 - 65_536) as i16]
        );
    }

    #[test]
    fn other_names_tell_nothing() {
        for name in ["read_17", "a:b:c:d", "a:b:1:2:x", "a:b:1:2:", "a:1:2:3:4:5", ""] {
            assert_eq!(values(name), [-1, -1, -1], "{name}");
        }
    }

    #[test]
    fn order_is_that_of_the_signed_numbers() {
        assert!(of(b"a:b:-1:2:3") < of(b"a:b:0:2:3"));
        assert!(of(b"read") < of(b"a:b:1:2:3"));
    }
}
