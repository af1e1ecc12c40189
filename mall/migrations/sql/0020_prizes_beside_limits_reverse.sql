-- reads: nothing   writes: nothing   re-run: no
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

drop function mall_counts_by_limits;
