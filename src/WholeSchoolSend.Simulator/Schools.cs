using System.Globalization;
using System.Text;

namespace WholeSchoolSend.Simulator;

/// <summary>A made-up school. URNs start at 900001, which the real register does not reach.</summary>
/// <param name="Ethos">how much readier than others the school is, -1 to 1: why answers from one school resemble each other.</param>
internal sealed record School(
    int Urn, string Name, Authority Authority, int Number, Phase Phase, bool Open, bool ProposedToClose, DateOnly Opened, DateOnly? Closed, string Postcode,
    (string First, string Last) Head, int Pupils, double Ethos);

internal sealed record Authority(int Code, string Name, char Gor, string Region);

internal sealed record Phase(int Code, string Name, int TypeCode, string Type, int LowAge, int HighAge);

/// <summary>One contact of the programme with a school.</summary>
internal sealed record Engagement(School School, DateOnly On, string Strand);

/// <summary>The schools of the sample year, and which of them the programme worked with.</summary>
internal sealed record Schools(IReadOnlyList<School> Register, IReadOnlyList<Engagement> Engagements)
{
    private static readonly Phase Primary = new(2, "Primary", 1, "Community school", 4, 11);
    private static readonly Phase PrimaryAcademy = new(2, "Primary", 34, "Academy converter", 4, 11);
    private static readonly Phase Secondary = new(4, "Secondary", 28, "Academy sponsor led", 11, 18);
    private static readonly Phase Special = new(0, "Not applicable", 7, "Community special school", 5, 19);
    private static readonly Phase AllThrough = new(7, "All-through", 35, "Free schools", 4, 18);

    private static readonly (Phase, double)[] Phases = [(Primary, 48), (PrimaryAcademy, 27), (Secondary, 17), (Special, 6), (AllThrough, 2)];

    private static readonly Authority[] Authorities =
    [
        new(840, "County Durham", 'A', "North East"), new(391, "Newcastle upon Tyne", 'A', "North East"),
        new(888, "Lancashire", 'B', "North West"), new(352, "Manchester", 'B', "North West"), new(341, "Liverpool", 'B', "North West"),
        new(383, "Leeds", 'D', "Yorkshire and the Humber"), new(815, "North Yorkshire", 'D', "Yorkshire and the Humber"),
        new(830, "Derbyshire", 'E', "East Midlands"), new(856, "Leicester", 'E', "East Midlands"),
        new(330, "Birmingham", 'F', "West Midlands"), new(860, "Staffordshire", 'F', "West Midlands"),
        new(881, "Essex", 'G', "East of England"), new(926, "Norfolk", 'G', "East of England"),
        new(210, "Southwark", 'H', "London"), new(302, "Barnet", 'H', "London"), new(211, "Tower Hamlets", 'H', "London"),
        new(886, "Kent", 'J', "South East"), new(850, "Hampshire", 'J', "South East"), new(846, "Brighton and Hove", 'J', "South East"),
        new(801, "Bristol, City of", 'K', "South West"), new(878, "Devon", 'K', "South West"),
    ];

    private static readonly string[] Places =
    [
        "Ashby", "Beckford", "Birchfield", "Brookside", "Castle Hill", "Chantry", "Eastfield", "Elmwood", "Fairmead", "Grange Park", "Hazelbrook", "Hillcrest",
        "Kingsway", "Larkrise", "Longmeadow", "Mill Lane", "Northgate", "Oakdale", "Parkfield", "Quayside", "Riverside", "Rookwood", "Stonebridge", "Thornfield",
        "Upland", "Vale", "Westbourne", "Willow Bank", "Woodlands", "Yewtree",
    ];

    private static readonly string[] Saints =
        ["St Anne's", "St Thomas à Becket", "St Hugh's", "St Thérèse of Lisieux", "St Chad’s", "St Oswald's", "St Hilda's", "St André", "St Cuthbert's"];

    private static readonly (string, double)[] Strands =
        [("SEND Review", 40), ("Teacher Review Package", 22), ("Deploying TAs", 18), ("Planning into Adulthood", 10), ("National training programme", 10)];

    /// <summary>The first day of the first wave of fieldwork: a little over half of the schools are engaged by then.</summary>
    private static readonly DateOnly HalfWay = new(2025, 11, 3);

    public static Schools From(Chance chance, Scale scale)
    {
        var schools = chance.Split("register");
        var names = chance.Split("heads");
        var register = Enumerable.Range(1, scale.Schools).Select(i => Make(900_000 + i, schools, names)).ToList();

        var contacts = chance.Split("engagements");
        var engaged = contacts.Shuffled(register.Where(school => school.Open && !school.ProposedToClose)).Take(scale.Engaged);
        List<Engagement> engagements = [];
        foreach (var school in engaged)
        {
            var first = contacts.Happens(0.58)
                ? contacts.Weekday(new(2025, 1, 13), HalfWay.AddDays(-4))
                : contacts.Weekday(HalfWay, new(2026, 10, 16));
            engagements.Add(new(school, first, contacts.Pick(Strands)));
            for (var on = first; contacts.Happens(0.35);)
            {
                on = contacts.Weekday(on.AddDays(14), on.AddDays(150));
                if (on > new DateOnly(2026, 10, 30)) break;
                engagements.Add(new(school, on, contacts.Pick(Strands)));
            }
        }
        return new(register, [.. engagements.OrderBy(contact => contact.On).ThenBy(contact => contact.School.Urn)]);
    }

    /// <summary>Schools whose first contact was before this day.</summary>
    public IReadOnlyList<School> EngagedBefore(DateOnly day) =>
        [.. Engagements.Where(contact => contact.On < day).Select(contact => contact.School).Distinct().OrderBy(school => school.Urn)];

    /// <summary>The register as Get Information About Schools gives it out: its column names and date format, windows-1252, closed schools included.</summary>
    public byte[] RegisterFile()
    {
        string[] header =
        [
            "URN", "LA (code)", "LA (name)", "EstablishmentNumber", "EstablishmentName", "TypeOfEstablishment (code)", "TypeOfEstablishment (name)",
            "EstablishmentTypeGroup (code)", "EstablishmentTypeGroup (name)", "EstablishmentStatus (code)", "EstablishmentStatus (name)", "OpenDate", "CloseDate",
            "PhaseOfEducation (code)", "PhaseOfEducation (name)", "StatutoryLowAge", "StatutoryHighAge", "NumberOfPupils", "PercentageFSM",
            "TrustSchoolFlag (name)", "Trusts (code)", "Trusts (name)", "UKPRN", "Town", "Postcode", "HeadTitle (name)", "HeadFirstName", "HeadLastName",
            "GOR (code)", "GOR (name)", "UrbanRural (name)", "Section41Approved (name)",
        ];
        return CodePagesEncodingProvider.Instance.GetEncoding(1252)!.GetBytes(Csv.Of(Register.Select(Row).Prepend(header)));
    }

    /// <summary>The programme's own log of contacts.</summary>
    public byte[] EngagementsFile() => Encoding.UTF8.GetBytes(Csv.Of(Engagements
        .Select(contact => new[] { Text(contact.School.Urn), contact.On.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), contact.Strand })
        .Prepend(["urn", "engaged_on", "strand"])));

    private static School Make(int urn, Chance chance, Chance names)
    {
        var phase = chance.Pick(Phases);
        var stem = chance.Happens(0.3) ? chance.Pick(Saints) : chance.Pick(Places);
        var kind = phase.Name switch { "Primary" => "Primary School", "Secondary" => "Academy", "All-through" => "All-through School", _ => "School" };
        var faith = Saints.Contains(stem) ? chance.Pick(["Church of England ", "Catholic "]) : "";
        var opened = chance.Happens(0.4) ? chance.Weekday(new(1960, 1, 4), new(2024, 9, 2)) : new(1900, 1, 1);
        var open = !chance.Happens(0.06);
        return new(
            urn, $"{stem} {faith}{kind}", chance.Pick(Authorities), 2000 + chance.Below(5000), phase, open, open && chance.Happens(0.01), opened,
            open ? null : chance.Weekday(new(2024, 9, 30), new(2026, 8, 31)), $"ZZ{1 + chance.Below(98)} {chance.Below(10)}{chance.Text("ABDEFGHJLNPQRSTUWXYZ", 2)}",
            (names.Pick(People.First), names.Pick(People.Last)), phase == Secondary ? 600 + chance.Below(900) : 60 + chance.Below(440), chance.Between(-1, 1));
    }

    private static string[] Row(School school)
    {
        var academy = school.Phase.TypeCode is 34 or 28 or 35;
        var (group, groupName) = academy ? ("10", "Academies") : school.Phase.TypeCode == 7 ? ("5", "Special schools") : ("4", "Local authority maintained schools");
        var (status, statusName) = (school.Open, school.ProposedToClose) switch
        {
            (false, _) => ("2", "Closed"),
            (_, true) => ("3", "Open, but proposed to close"),
            _ => ("1", "Open"),
        };
        return
        [
            Text(school.Urn), Text(school.Authority.Code), school.Authority.Name, Text(school.Number), school.Name, Text(school.Phase.TypeCode), school.Phase.Type,
            group, groupName, status, statusName, Day(school.Opened), Day(school.Closed),
            Text(school.Phase.Code), school.Phase.Name, Text(school.Phase.LowAge), Text(school.Phase.HighAge), Text(school.Pupils), Text(school.Pupils % 45),
            academy ? "Supported by a multi-academy trust" : "Not applicable", academy ? Text(17_000 + school.Authority.Code) : "",
            academy ? $"{school.Authority.Name} Learning Trust" : "", Text(19_000_000 + school.Urn), school.Authority.Name, school.Postcode,
            school.Urn % 2 == 0 ? "Mrs" : "Mr", school.Head.First, school.Head.Last,
            $"{school.Authority.Gor}", school.Authority.Region, "Urban city and town", "Not applicable",
        ];
    }

    private static string Day(DateOnly? day) => day?.ToString("dd-MM-yyyy", CultureInfo.InvariantCulture) ?? "";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Made-up names: real forms and registers hold names, so that what must not be kept is there to be dropped.</summary>
internal static class People
{
    public static readonly string[] First =
    [
        "Amelia", "Bashir", "Chloé", "Daniel", "Esther", "Farah", "Gareth", "Hannah", "Imran", "Joanna", "Kofi", "Lucía", "Marek", "Niamh", "Oluchi", "Priya",
        "Rhys", "Sinéad", "Tomasz", "Yasmin",
    ];

    public static readonly string[] Last =
    [
        "Adeyemi", "Barnes", "Chaudhry", "Dodd", "Ellison", "Fenwick", "Greaves", "Hussain", "Ingram", "Joshi", "Kowalski", "Lavelle", "Mbeki", "Nakamura",
        "O'Rourke", "Pemberton", "Quigley", "Rashid", "Sørensen", "Whitlock",
    ];
}

/// <summary>How large the sample year is.</summary>
internal sealed record Scale(int Schools, int Engaged, int TeacherSchools, int Teachers, int PollSchools)
{
    public static readonly Scale Whole = new(3000, 527, 120, 1400, 520);

    /// <summary>A tenth of everything, for tests.</summary>
    public static readonly Scale Small = new(300, 53, 12, 140, 52);
}
