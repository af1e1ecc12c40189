-- reads: mall_gift, mall_giftwindow, loyalty_campaign, members_programme   writes: nothing   re-run: no
--
-- When a gift is open: the one definition, for redeeming and for what pages show. Conditions are met by the brand's
-- own clock; each time has its first moment and not its last.

create function mall_zone() returns text language sql stable parallel safe as $$
    select coalesce((select time_zone from members_programme), 'Asia/Shanghai')
$$;

-- The moment of a month at which a day's time comes: the last day for a day that the month does not have.
create function mall_moment_of_month(p_month timestamp, p_day integer, p_time interval)
returns timestamp language sql immutable parallel safe as $$
    select p_month + p_time + make_interval(
        days => least(p_day, extract(day from p_month + interval '1 month - 1 day')::integer) - 1)
$$;

create function mall_window_open(w mall_giftwindow, p_at timestamptz, p_local timestamp)
returns boolean language sql stable parallel safe as $$
    select (w.months = '{}' or extract(month from p_local)::integer = any (w.months))
       and (w.weekdays = '{}' or extract(isodow from p_local)::integer = any (w.weekdays))
       and (w.daily_from is null or p_local::time >= w.daily_from)
       and (w.daily_until is null or p_local::time < w.daily_until)
       and (w.first_day is null or p_local >= mall_moment_of_month(
                date_trunc('month', p_local), w.first_day, coalesce(w.first_time::interval, interval '0')))
       and (w.last_day is null or p_local < mall_moment_of_month(
                date_trunc('month', p_local), w.last_day, coalesce(w.last_time::interval, interval '24 hours')))
       and (w.campaign_id is null or exists (
            select from loyalty_campaign c
             where c.id = w.campaign_id and c.active and p_at >= c.starts_at and p_at < c.ends_at
               and (c.weekdays = '{}' or extract(isodow from p_local)::integer = any (c.weekdays))
               and (c.days_of_month = '{}' or extract(day from p_local)::integer = any (c.days_of_month))))
$$;

create function mall_open(g mall_gift, p_at timestamptz) returns boolean language sql stable parallel safe as $$
    select p_at >= coalesce(g.opens_at, '-infinity') and p_at < coalesce(g.closes_at, 'infinity')
       and (not exists (select from mall_giftwindow w where w.gift_id = g.id)
            or exists (select from mall_giftwindow w
                        where w.gift_id = g.id and mall_window_open(w, p_at, p_at at time zone mall_zone())))
$$;

-- The first moment after p_at, when the gift is closed, at which it is open; null when it never is within 400 days.
-- A window opens at the beginning of a day, of its hours, on its first day, or with its campaign or the gift itself.
create function mall_next_opening(g mall_gift, p_at timestamptz)
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

-- Open for who comes so many hours earlier than others.
create function mall_open_earlier(g mall_gift, p_at timestamptz, p_hours integer)
returns boolean language sql stable parallel safe as $$
    select mall_open(g, p_at)
        or p_hours > 0 and coalesce(mall_next_opening(g, p_at) <= p_at + make_interval(hours => p_hours), false)
$$;
