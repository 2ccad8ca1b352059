//! Reads lists page by page.

use groups_protocol::{
    AttemptBody, BanBody, BanPage, BlockBody, BlockPage, DeliveryPage, DirectoryPage, GroupBody, GroupInvitationBody,
    GroupInvitationPage, GroupJoinRequestBody, GroupJoinRequestPage, GroupPage, InvitationBody, InvitationPage,
    JoinRequestBody, JoinRequestPage, LinkBody, LinkPage, MemberBody, MemberPage, PreviewBody, WebhookBody,
    WebhookPage,
};

use crate::body::Page;
use crate::call::Call;
use crate::error::Error;

/// One page of a list.
pub(crate) trait Paged {
    type Item;

    /// The entries, and the `after` of the next page.
    fn into_parts(self) -> (Vec<Self::Item>, Option<String>);
}

/// Reads all pages of a list, one after the other.
pub(crate) async fn all<'a, P: Paged + Send + 'a>(page: impl Fn(Page) -> Call<'a, P>) -> Result<Vec<P::Item>, Error> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (items, next) = page(Page::longest(after)).await?.into_parts();
        all.extend(items);
        match next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
}

macro_rules! paged {
    ($($page:ty => $items:ident: $item:ty $(, $life:lifetime)?;)*) => {$(
        impl$(<$life>)? Paged for $page {
            type Item = $item;

            fn into_parts(self) -> (Vec<$item>, Option<String>) {
                (self.$items, self.next)
            }
        }
    )*};
}

// For every lifetime: a future that names only `'static` is not `Send` for the compiler.
paged! {
    GroupPage<'a> => groups: GroupBody<'a>, 'a;
    MemberPage => members: MemberBody;
    BlockPage => blocks: BlockBody;
    InvitationPage<'a> => invitations: InvitationBody<'a>, 'a;
    JoinRequestPage<'a> => requests: JoinRequestBody<'a>, 'a;
    DirectoryPage<'a> => groups: PreviewBody<'a>, 'a;
    GroupInvitationPage => invitations: GroupInvitationBody;
    GroupJoinRequestPage<'a> => requests: GroupJoinRequestBody<'a>, 'a;
    BanPage<'a> => bans: BanBody<'a>, 'a;
    LinkPage => links: LinkBody;
    WebhookPage => webhooks: WebhookBody;
    DeliveryPage => deliveries: AttemptBody;
}
