//! Commands about the calling user.

use groups_client::Client;

use crate::config::ConfigFile;
use crate::failure::Failure;
use crate::output::Format;
use crate::profile::Profile;

/// As many people as the server returns at most.
const PEOPLE_MAX: u32 = 500;

/// Signs in, in development mode, and saves the token.
pub(super) async fn login(profile: &Profile, config: &ConfigFile, name: &str, format: Format) -> Result<(), Failure> {
    let signed_in = profile.anonymous()?.sign_in(name).await.map_err(|error| match error.status() {
        Some(404) => Failure::Usage(
            "the server is not in development mode: get a token from your identity provider, and set GROUPS_TOKEN_FILE"
                .to_owned(),
        ),
        _ => error.into(),
    })?;
    let path = config.save_token(&profile.name, &profile.url, &signed_in.token)?;
    let shown =
        serde_json::json!({"user_id": signed_in.user_id, "name": signed_in.name.as_str(), "profile": profile.name});
    let fields = [
        ("user", signed_in.user_id.to_string()),
        ("name", signed_in.name.as_str().to_owned()),
        ("profile", profile.name.clone()),
        ("token file", path.display().to_string()),
    ];
    Ok(format.one(&shown, fields)?)
}

pub(super) async fn whoami(client: &Client, format: Format) -> Result<(), Failure> {
    let me = client.me().await?;
    let name = me.name.as_ref().map_or("-", |name| name.as_str()).to_owned();
    let fields = [("user", me.user_id.to_string()), ("name", name), ("expires", me.expires_at.clone())];
    Ok(format.one(&me, fields)?)
}

pub(super) async fn people(client: &Client, name: &str, format: Format) -> Result<(), Failure> {
    let people = client.people(name, Some(PEOPLE_MAX)).await?.users;
    Ok(format
        .list(&people, ["USER", "NAME"], |person| [person.user_id.to_string(), person.name.as_str().to_owned()])?)
}

pub(super) async fn blocks(client: &Client, format: Format) -> Result<(), Failure> {
    let blocks = client.blocks().all().await?;
    Ok(format.list(&blocks, ["USER", "BLOCKED"], |block| [block.user_id.to_string(), block.blocked_at.clone()])?)
}
