//! Statements that each connection prepares once. Diesel prepares those of `sql_query` again for
//! every execution, which costs a round trip.

use std::borrow::Cow;
use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;

/// A statement in SQL, with `$1` and so on for its parameters. It returns rows of the SQL type `T`.
pub(super) struct Prepared<B, T> {
    text: Cow<'static, str>,
    binds: B,
    result: PhantomData<fn() -> T>,
}

/// One more parameter.
pub(super) struct Bind<V, S> {
    value: V,
    sql_type: PhantomData<fn() -> S>,
}

/// The parameters of a statement, in order.
pub(super) trait Binds {
    fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

impl<T> Prepared<(), T> {
    pub(super) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into(), binds: (), result: PhantomData }
    }
}

impl<B, T> Prepared<B, T> {
    pub(super) fn bind<S, V>(self, value: V) -> Prepared<(B, Bind<V, S>), T> {
        let bind = Bind { value, sql_type: PhantomData };
        Prepared { text: self.text, binds: (self.binds, bind), result: PhantomData }
    }
}

impl Binds for () {
    fn walk<'b>(&'b self, _: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        Ok(())
    }
}

impl<B: Binds, V: ToSql<S, Pg>, S> Binds for (B, Bind<V, S>)
where
    Pg: HasSqlType<S>,
{
    fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk(out)?;
        out.push_bind_param_value_only::<S, _>(&self.1.value)
    }
}

impl<B: Binds, T> QueryFragment<Pg> for Prepared<B, T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(&self.text);
        self.binds.walk(&mut out)
    }
}

impl<B, T> QueryId for Prepared<B, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<B, T: 'static> Query for Prepared<B, T> {
    type SqlType = T;
}
