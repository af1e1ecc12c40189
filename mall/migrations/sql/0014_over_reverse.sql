-- reads: nothing   writes: nothing   re-run: no
-- Back to 0003.
create or replace function mall_open(g mall_gift, p_at timestamptz) returns boolean language sql stable parallel safe as $$
    select p_at >= coalesce(g.opens_at, '-infinity') and p_at < coalesce(g.closes_at, 'infinity')
       and (not exists (select from mall_giftwindow w where w.gift_id = g.id)
            or exists (select from mall_giftwindow w
                        where w.gift_id = g.id and mall_window_open(w, p_at, p_at at time zone mall_zone())))
$$;
-- The first moment after p_at, when the gift is closed, at which it is open; null when it never is within 400 days.
-- A window opens at the beginning of a day, of its hours, on its first day, or with its campaign or the gift itself.
create or replace function mall_next_opening(g mall_gift, p_at timestamptz)
returns timestamptz language plpgsql stable parallel safe as $$
declare
    zone text := mall_zone();
    today date := greatest(p_at, g.opens_at) at time zone zone;
    opening timestamptz;
begin
    if not exists (select from mall_giftwindow where gift_id = g.id) then
        return (select g.opens_at where g.opens_at > p_at);
    end if;
    for day in 0 .. 400 loop
        exit when (today + day)::timestamp at time zone zone >= g.closes_at;
        select min(beginning.at) into opening
          from mall_giftwindow w
          left join loyalty_campaign c on c.id = w.campaign_id
         cross join lateral (
               values ((today + day)::timestamp at time zone zone),
                      ((today + day + w.daily_from) at time zone zone),
                      ((today + day + w.first_time) at time zone zone),
                      (c.starts_at),
                      (g.opens_at)
         ) beginning (at)
         where w.gift_id = g.id
           and (w.months = '{}' or extract(month from today + day)::integer = any (w.months))
           and beginning.at > p_at
           and (beginning.at at time zone zone)::date = today + day
           and mall_open(g, beginning.at);
        if opening is not null then
            return opening;
        end if;
    end loop;
    return null;
end
$$;
drop function mall_over_at(mall_gift);
