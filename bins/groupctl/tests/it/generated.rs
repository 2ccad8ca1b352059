//! Completion scripts and manual pages.

use crate::program::{bare, finish};

#[test]
fn completion_scripts_exist_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let script = finish(bare(&["completion", shell])).success();
        assert!(script.contains("groupctl") && script.contains("whoami"), "{shell}");
    }
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let page = finish(bare(&["man"])).success();
    assert!(page.contains(".TH groupctl 1") && page.contains("Exit codes"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    finish(bare(&["man", folder.path().to_str().unwrap()])).success();
    for name in ["groupctl.1", "groupctl-watch.1", "groupctl-invite-list.1", "groupctl-admin-groups-find.1"] {
        assert!(folder.path().join(name).exists(), "{name}");
    }
}

#[test]
fn the_document_lists_every_command_and_exit_code() {
    let document = include_str!("../../../../docs/groupctl.md");
    let help = finish(bare(&["--help"])).success();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<_> =
        commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    assert!(names.len() > 20, "{help}");
    for name in names {
        assert!(document.contains(&format!("`{name}")), "{name}");
    }
    for code in 0..=6 {
        assert!(document.contains(&format!("| {code} |")), "{code}");
    }
}
