"""A database guard for a state column: births and moves outside a declared table are refused by PostgreSQL itself."""

from __future__ import annotations

from typing import Any

import pgtrigger

type_edges = tuple[tuple[str, str], ...]


class States(pgtrigger.Trigger):
    """Refuses, as a named CHECK would (23514), a row born or moved outside `edges`; edges from `""` are births.

    Declare the states and edges at module level so that `Meta` sees them:
    `triggers = [States(field="state", edges=(("", "DRAFT"), ("DRAFT", "OPEN")))]`.
    """

    when = pgtrigger.Before
    operation = pgtrigger.Insert | pgtrigger.Update

    def __init__(self, *, field: str, edges: type_edges) -> None:
        self.field, self.edges = field, edges
        super().__init__(name=f"{field}_moves")

    def get_func(self, model: Any) -> str:
        """The trigger's body for `model`."""
        column = model._meta.get_field(self.field).column
        edges = ",".join(f"'{a}:{b}'" for a, b in self.edges)
        return f"""
            if tg_op = 'UPDATE' and old.{column} = new.{column} then return new; end if;
            if (case tg_op when 'INSERT' then '' else old.{column} end) || ':' || new.{column} in ({edges}) then
                return new;
            end if;
            raise exception '% may not become %', tg_table_name, new.{column}
                using errcode = '23514', table = tg_table_name, constraint = tg_table_name || '_{self.field}_moves';
        """
