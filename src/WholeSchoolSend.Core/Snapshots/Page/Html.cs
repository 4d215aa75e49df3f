using System.Collections;
using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace WholeSchoolSend.Core.Snapshots.Page;

/// <summary>HTML as a tree, so that whatever a document says is text and never markup.</summary>
internal static class Html
{
    // Elements that have no end tag; every other gets one, or a browser would take what follows for its content.
    private static readonly HashSet<string> Void = ["br", "hr", "input", "path", "line", "rect", "circle"];

    /// <summary>An element: pairs are attributes (null: left out), lists are laid open, everything else is content.</summary>
    public static XElement E(string name, params object?[] content)
    {
        var element = new XElement(name);
        Fill(element, content);
        if (!element.Nodes().Any() && !Void.Contains(name)) element.Add(new XText(""));
        return element;
    }

    public static string Write(IEnumerable<XElement> elements)
    {
        var text = new StringBuilder();
        using (var writer = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, ConformanceLevel = ConformanceLevel.Fragment, NewLineHandling = NewLineHandling.None }))
            foreach (var element in elements)
            {
                element.WriteTo(writer);
                writer.WriteWhitespace("\n");
            }
        return text.ToString();
    }

    private static void Fill(XElement element, IEnumerable content)
    {
        foreach (var one in content)
            switch (one)
            {
                case null or "": break;
                case (string name, null): break;
                case (string name, object value): element.SetAttributeValue(name, Clean(Convert.ToString(value, CultureInfo.InvariantCulture)!)); break;
                case string text: element.Add(new XText(Clean(text))); break;
                case IEnumerable list and not XElement: Fill(element, list); break;
                default: element.Add(one); break;
            }
    }

    /// <summary>A character no document of the web may hold becomes the one that says so: a wave's title must not stop the publishing.</summary>
    private static string Clean(string text)
    {
        if (!text.Any(sign => !XmlConvert.IsXmlChar(sign))) return text;
        var clean = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length; at++)
            if (at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1])) clean.Append(text[at++]).Append(text[at]);
            else clean.Append(XmlConvert.IsXmlChar(text[at]) ? text[at] : '\uFFFD');
        return clean.ToString();
    }
}
