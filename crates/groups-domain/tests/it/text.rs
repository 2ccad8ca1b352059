//! Names and descriptions in all scripts, and texts that are rejected.

use groups_domain::{Description, GroupName, TextError, printable};
use proptest::prelude::*;

fn name(text: &str) -> Result<String, TextError> {
    GroupName::parse(text).map(String::from)
}

#[track_caller]
fn is_kept(text: &str) {
    assert_eq!(name(text).as_deref(), Ok(text));
}

#[test]
fn names_in_many_scripts_are_kept_as_they_are() {
    for text in [
        "Project Team",
        "Équipe d'été",
        "Проектная группа",
        "Ομάδα έργου",
        "项目团队",
        "プロジェクトチーム",
        "프로젝트 팀",
        "فريق المشروع",
        "צוות הפרויקט",
        "प्रोजेक्ट टीम",
        "ทีมโครงการ",
        "ჯგუფი",
        "Նախագիծ",
        "ፕሮጀክት",
        "ᏣᎳᎩ",
        "𐌰𐌹𐍅𐌴𐌹",
        "🚀",
        "42",
        "a/b & <c> \"d\" \\ %00 '; --",
    ] {
        is_kept(text);
    }
}

#[test]
fn joiners_and_direction_marks_next_to_visible_characters_are_kept() {
    // A family of four with joiners, a heart with its variation selector, a flag of tags, Persian with a non-joiner,
    // Sinhala with a joiner, Mongolian with a vowel separator, Hebrew with a direction mark.
    for text in [
        "👨\u{200D}👩\u{200D}👧\u{200D}👦",
        "❤\u{FE0F}",
        "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
        "می\u{200C}خواهم",
        "ක\u{200D}ෂ",
        "ᠮᠣᠩᠭᠣᠯ\u{180E}ᠠ",
        "\u{200F}צוות 7\u{200F}",
    ] {
        is_kept(text);
    }
}

#[test]
fn names_typed_on_different_keyboards_are_equal() {
    assert_eq!(name("Cafe\u{301}"), name("Caf\u{e9}"));
    assert_eq!(name("\u{1112}\u{1161}\u{11AB}"), Ok("\u{D55C}".to_owned()), "Hangul is composed");
    assert_eq!(name("\u{212B}"), Ok("\u{C5}".to_owned()), "the Ångström sign is the letter");
    assert_eq!(name("q\u{307}\u{323}"), Ok("q\u{323}\u{307}".to_owned()), "marks have one order");
    assert_eq!(name("ﬁ"), Ok("ﬁ".to_owned()), "what only looks alike stays different");
}

#[test]
fn white_space_is_trimmed_at_both_ends_and_kept_inside() {
    assert_eq!(name("  Project  Team\t\r\n"), Ok("Project  Team".to_owned()));
    assert_eq!(name("\u{3000}\u{A0}Team\u{2003}\u{85}"), Ok("Team".to_owned()), "of every script");
}

#[test]
fn an_invisible_name_is_rejected() {
    for text in [
        "",
        " ",
        "\t\r\n",
        "\u{A0}\u{3000}",
        "\u{200B}",
        "\u{200D}\u{200C}",
        "\u{FEFF}",
        "\u{2060}\u{FE0F}",
        "\u{202E}\u{202C}",
        "\u{AD}",
        "\u{3164}",
        "\u{1160}",
        "\u{2800}\u{2800}",
        "\u{E0041}",
        "\u{200B} \u{200B}",
        "\u{1D159}",
        "\u{FE0F}",
        "\u{FE0E}\u{E0100}",
        "\u{115F}",
        "\u{FFA0}",
        "\u{17B4}\u{17B5}",
        "\u{13441}\u{13442}",
        "\u{16FE4}",
        "\u{2066}\u{2069}",
        "\u{2028}",
        "\u{2029} \u{2028}",
    ] {
        assert_eq!(name(text), Err(TextError::Empty), "{:?}", text.escape_unicode().to_string());
    }
}

#[test]
fn a_description_may_be_empty() {
    assert_eq!(Description::parse(" \n "), Ok(Description::default()));
    assert_eq!(Description::default().as_str(), "");
}

#[test]
fn the_length_is_counted_in_characters_after_trimming_and_normalising() {
    for letter in ["x", "é", "項", "𐌰", "🚀"] {
        is_kept(&letter.repeat(100));
        assert_eq!(name(&letter.repeat(101)), Err(TextError::TooLong { count: 101, max: 100 }));
    }
    assert_eq!(name(&format!("  {}  ", "x".repeat(100))), Ok("x".repeat(100)));
    assert_eq!(name(&"e\u{301}".repeat(100)), Ok("é".repeat(100)), "200 typed, 100 kept");
    // Normalisation decomposes some characters: one becomes two.
    assert_eq!(name(&"\u{958}".repeat(51)), Err(TextError::TooLong { count: 102, max: 100 }));

    assert!(Description::parse(&"é".repeat(1_000)).is_ok());
    assert_eq!(Description::parse(&"é".repeat(1_001)), Err(TextError::TooLong { count: 1_001, max: 1_000 }));
}

#[test]
fn control_characters_are_rejected_unless_they_are_trimmed() {
    for character in (0..=0x1F).chain(0x7F..=0x9F).filter_map(char::from_u32) {
        let refused = TextError::ControlCharacter { character };
        assert_eq!(name(&format!("Te{character}am")), Err(refused));
        assert_eq!(Description::parse(&format!("Te{character}am")), Err(refused));
        let trimmed = character.is_whitespace();
        assert_eq!(name(&format!("{character}Team")), if trimmed { Ok("Team".to_owned()) } else { Err(refused) });
    }
}

#[test]
fn characters_that_do_not_fit_into_a_line_are_rejected() {
    let annotations = ['\u{FFF9}', '\u{FFFA}', '\u{FFFB}', '\u{FFFC}'];
    let noncharacters = ['\u{FDD0}', '\u{FDEF}', '\u{FFFE}', '\u{FFFF}', '\u{1FFFE}', '\u{10FFFF}'];
    for character in annotations.into_iter().chain(noncharacters) {
        let refused = TextError::UnfitCharacter { character };
        for text in [character.to_string(), format!("Te{character}am"), format!("{character}Team")] {
            assert_eq!(
                (name(&text), Description::parse(&text)),
                (Err(refused), Err(refused)),
                "U+{:X}",
                character as u32
            );
        }
    }
    for character in ['\u{2028}', '\u{2029}'] {
        let refused = TextError::UnfitCharacter { character };
        assert_eq!(name(&format!("Te{character}am")), Err(refused));
        assert_eq!(Description::parse(&format!("Te{character}am")), Err(refused));
        assert_eq!(
            name(&format!("{character}Team{character}")),
            Ok("Team".to_owned()),
            "at the ends it is white space"
        );
    }
}

#[test]
fn bidirectional_controls_are_kept() {
    for text in
        ["\u{202E}Team\u{202C}", "Te\u{202E}am", "\u{2067}Team\u{2069}", "Team\u{2069}", "\u{202A}+49 30\u{202C}"]
    {
        is_kept(text);
    }
}

#[test]
fn control_characters_are_escaped_for_a_terminal() {
    assert_eq!(printable("Team 7: été, 项目, 👨\u{200D}👩\nnext line"), "Team 7: été, 项目, 👨\u{200D}👩\nnext line");
    assert_eq!(printable("\u{1B}[31m\u{7}\r\u{9B}"), r"\u{1b}[31m\u{7}\u{d}\u{9b}");
    assert_eq!(printable("a\u{202E}b\u{2069}c\u{200F}d\u{2028}e"), r"a\u{202e}b\u{2069}c\u{200f}d\u{2028}e");
}

#[test]
fn stored_texts_are_not_validated_again() {
    assert_eq!(GroupName::from_stored("a\u{2028}b\u{FFFC}".to_owned()).as_str(), "a\u{2028}b\u{FFFC}");
}

#[test]
fn errors_are_readable_sentences() {
    assert_eq!(TextError::Empty.to_string(), "it must not be empty");
    let too_long = TextError::TooLong { count: 101, max: 100 };
    assert_eq!(too_long.to_string(), "it must not be longer than 100 characters, but has 101");
    let control = TextError::ControlCharacter { character: '\n' };
    assert_eq!(control.to_string(), "it must not contain the control character U+000A");
    let unfit = TextError::UnfitCharacter { character: '\u{2028}' };
    assert_eq!(unfit.to_string(), "it must not contain U+2028, which cannot be displayed in a line of text");
}

#[test]
fn a_text_is_padded_like_any_other() {
    let name = GroupName::parse("Team").unwrap();
    assert_eq!(format!("[{name:>6}] [{name:.2}]"), "[  Team] [Te]");
}

/// Any text. Characters that matter to the rules are more frequent than by chance.
fn text() -> impl Strategy<Value = String> {
    let special = proptest::sample::select(vec![
        ' ',
        '\u{A0}',
        '\u{2000}',
        '\u{3000}',
        '\u{85}',
        '\n',
        '\u{0}',
        '\u{200B}',
        '\u{200D}',
        '\u{FE0F}',
        '\u{301}',
        '\u{323}',
        'e',
        '\u{958}',
        '\u{1112}',
        '\u{1161}',
        '\u{11AB}',
        '\u{212B}',
        '\u{1D15E}',
        '\u{2800}',
        '\u{2028}',
        '\u{FFFC}',
        '\u{1D159}',
        '\u{202E}',
    ]);
    proptest::collection::vec(prop_oneof![special, any::<char>()], 0..120).prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn a_name_parsed_again_is_the_same_name(text in text()) {
        if let Ok(once) = GroupName::parse(&text) {
            prop_assert_eq!(GroupName::parse(once.as_str()), Ok(once));
        }
        if let Ok(once) = Description::parse(&text) {
            prop_assert_eq!(Description::parse(once.as_str()), Ok(once));
        }
    }

    #[test]
    fn every_valid_name_is_visible_short_and_trimmed(text in text()) {
        if let Ok(name) = GroupName::parse(&text) {
            let name = name.as_str();
            prop_assert!((1..=GroupName::CHARS_MAX).contains(&name.chars().count()));
            let unfit = ['\u{2028}', '\u{2029}', '\u{FFFC}'];
            prop_assert!(!name.chars().any(|c| c.is_control() || unfit.contains(&c)));
            prop_assert_eq!(name.trim(), name);
            prop_assert_eq!(Description::parse(&text).map(String::from), Ok(name.to_owned()));
        }
    }
}
