-- reads: nothing   writes: members_member   re-run: phones that are members are left alone.
-- Members of the demo brand, joined over the year before `at`; the n-th has the phone 138 and n in eight digits.
insert into members_member (phone, phone_verified, name, joined_at, joined_by)
select '+86138' || lpad(n::text, 8, '0'), true,
       (array['王','李','张','刘','陈','杨','赵','黄','周','吴','徐','孙'])[1 + mod(n, 12)]
       || (array['雨桐','子涵','一诺','思远','晓','佳怡','浩然','静','梓萱','明','若曦','丹'])[1 + mod(n / 12, 12)],
       %(at)s::timestamptz - make_interval(days => (mod(n * 37, 360))), 'demo'
  from generate_series(1, %(members)s) n
 order by 1
    on conflict (phone) where merged_into_id is null do nothing
