-- reads: orders_stagedrow, members_member   writes: members_identity
-- An account seen with its buyer's own phone belongs to the member of that phone. re-run: bound accounts stay.
insert into members_identity (channel, external_id, member_id)
select %(platform)s, buyer, member_id
  from (
       select distinct on (s.buyer) s.buyer, m.id as member_id
         from orders_stagedrow s
         join members_member m on m.phone = s.phone and m.merged_into_id is null
        where s.order_import_id = %(order_import)s and s.buyer <> '' and s.phone <> ''
        order by s.buyer, s.line
  ) account
 order by buyer
    on conflict (channel, external_id) do nothing
