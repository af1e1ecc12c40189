-- reads: mall_redemption, mall_gift, mall_refund, mall_payment   writes: mall_redemption, mall_reversal   re-run: no
--
-- Pieces that went back: kept as steps, counted in the redemption, and no longer counted by a member's limits.

-- Refuse what one member may not have of a gift. Counted under his lock, his new redemption included; a period is the
-- day, the week from Monday or the month of p_at by the brand's own clock.
create or replace function mall_limits(p_member bigint, g mall_gift, p_at timestamptz) returns void language plpgsql as $$
declare
    zone text := mall_zone();
    reached record;
begin
    select period.name, period.most into reached
      from (values ('day', g.limit_per_day), ('week', g.limit_per_week), ('month', g.limit_per_month),
                   ('ever', g.limit_per_member)) period (name, most)
     where period.most < (
           select sum(r.quantity - r.returned)
             from mall_redemption r
            where r.member_id = p_member and r.gift_id = g.id
              and (period.name = 'ever'
                   or r.placed_at >= date_trunc(nullif(period.name, 'ever'), p_at at time zone zone) at time zone zone))
     limit 1;
    if found then
        raise exception 'limit reached' using errcode = 'MR004', detail = reached.most, hint = reached.name;
    end if;
end
$$;

-- What went back stays back, and its steps are never rewritten.
create trigger redemption_returned_grows before update of returned on mall_redemption
    for each row when (new.returned < old.returned) execute function mall_refuse();
create trigger reversal_not_deleted before delete on mall_reversal for each row execute function mall_refuse();
create trigger reversal_not_deleted_truncate before truncate on mall_reversal execute function mall_refuse();
create trigger reversal_stays before update on mall_reversal for each row
    when (to_jsonb(new) - 'told_at' is distinct from to_jsonb(old) - 'told_at' or old.told_at is not null)
    execute function mall_refuse();

-- What had gone back before went back in one step. Whether unfit pieces were written off, their stock change says.
insert into mall_reversal (redemption_id, request_key, state, pieces, points, cash, restocked, note, at)
select r.id, '#' || r.quantity, r.state, r.quantity, r.points,
       (select coalesce(sum(f.amount), 0) from mall_refund f join mall_payment p on p.id = f.payment_id
         where p.redemption_id = r.id and p.problem = ''),
       true, r.note, r.ended_at
  from mall_redemption r
 where r.state in ('CANCELLED', 'RETURNED')
 order by r.id;
