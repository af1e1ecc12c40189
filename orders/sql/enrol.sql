-- reads: orders_stagedrow   writes: members_member
-- re-run: phones that are members are left alone. Ordered by phone: two files cannot deadlock.
insert into members_member (phone, phone_verified, name, joined_at, joined_by)
select distinct phone, false, '', %(at)s::timestamptz, %(channel)s
  from orders_stagedrow
 where order_import_id = %(order_import)s and phone <> '' and status not in ('unpaid', 'closed')
 order by phone
    on conflict (phone) where merged_into_id is null do nothing
